#ifndef SHMETRICS_AGENT_CONFIG_SETTINGS_H_
#define SHMETRICS_AGENT_CONFIG_SETTINGS_H_

// The table of settings. The command line, the ini file, the help, the defaults and the reload all follow its
// rows, so a new setting is one row, its member of Config and the code that uses it.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "agent/config/config.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// One row of the table.
struct Setting {
  enum class Kind : std::uint8_t {
    kOne,      ///< given once
    kSeveral,  ///< each repetition of the flag adds a value; in the file commas divide the values
    kSwitch,   ///< true or false; the flag alone means true, and with no- before its name false
  };

  struct Range {
    unsigned least;
    unsigned most;

    std::string ToString() const;
  };

  /// The member of Config that holds the value.
  struct Member {
    /// Stores the value that a user wrote as `text`.
    Result<void> (*parse)(const Setting& setting, const std::string& text, Config* config);
    void (*copy)(const Config& from, Config* to);
    /// True if a restart is needed to get from one value to the other, for a setting with needs_restart.
    bool (*differs)(const Config& running, const Config& next);
  };

  std::string_view key;        ///< in the file: [section] name
  std::string_view flag = {};  ///< with both hyphens; empty: only the file can give the setting
  /// Of the environment; null: none. Those of [segment] are SegmentSettings(), which workers read too.
  const char* variable = nullptr;
  std::string_view value = {};  ///< stands for the value in the help of the flag
  /// The value if nobody gives one, as a user would write it; empty: Config's own, or that of find_default.
  std::string_view default_value = {};
  std::string (*find_default)() = nullptr;  ///< finds the default at the start of the program
  std::string_view default_in_words = {};   ///< for the help, if there is no default_value
  std::string_view help = {};
  std::string_view expected = {};   ///< what a value can be; ends the error "'x' is not ..."
  std::optional<Range> range = {};  ///< of a number
  Kind kind = Kind::kOne;
  bool needs_restart = false;  ///< a reload leaves the setting as it is
  Member member;

  /// Stores the value that a user wrote as `text`. An error is kBadOption, and its message names the value
  /// and says what it can be.
  Result<void> Set(const std::string& text, PartialConfig* config) const;

  /// The help with the default.
  std::string HelpText() const;
};

std::span<const Setting> AllSettings();

/// The defaults of all rows.
PartialConfig DefaultSettings();

/// Adds a user of [web.users]. The message of an error never holds the hash.
Result<void> AddWebUser(const std::string& name, const std::string& bcrypt_hash, PartialConfig* config);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_SETTINGS_H_
