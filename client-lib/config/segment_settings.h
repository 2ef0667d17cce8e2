#ifndef SHMETRICS_CLIENT_LIB_CONFIG_SEGMENT_SETTINGS_H_
#define SHMETRICS_CLIENT_LIB_CONFIG_SEGMENT_SETTINGS_H_

// The options of a registry as the environment and [segment] of the ini file give them. Workers and the agent
// read them by the same code, so that they cannot disagree.

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "client-lib/config/ini_reader.h"
#include "shm/result.h"
#include "shm/segment/segment_options.h"
#include "shmetrics/registry_options.h"

namespace shmetrics::config {

inline constexpr std::string_view kSegmentSection = "segment";

/// One option of RegistryOptions: a row of the table.
struct SegmentSetting {
  std::string_view key;  ///< in [segment]
  const char* variable;  ///< of the environment
  bool (*is_given)(const RegistryOptions& options);
  /// Sets the option to what `text` says. The message of an error says what a value can be.
  Result<void> (*set)(const std::string& text, RegistryOptions* options);
};

/// Each option once, in the order of RegistryOptions.
std::span<const SegmentSetting> SegmentSettings();

/// Sets the option that a key of [segment] names. kBadOption if there is no such key, or for a bad value; its
/// message names neither file nor key.
Result<void> SetSegmentKey(std::string_view key, const std::string& value, RegistryOptions* options);

/// True if `section` is [segment] in other letters or in the plural: somebody meant to write [segment].
bool IsMisspeltSegmentSection(std::string_view section);

/// How a new segment is laid out by these options. If no limit of a family is given, it is at most that of
/// the segment.
shm::SegmentOptions SegmentOptionsOf(const RegistryOptions& options);

struct RegistryOptionsReading {
  /// Every option that somebody gave.
  RegistryOptions options;
  /// Why these options must not be used: everything that was not understood, by variable, or by file, line
  /// and key.
  std::optional<Error> error;
  /// The variables that are set and ignored (see IsIgnored()), as one line; empty if there are none.
  std::string ignored;
};

/// Adds to what the program gives what the environment gives, and to that what the ini file gives. A value
/// that is overruled is not looked at, but [segment] must be one that can be understood: an unknown or
/// repeated key, a misspelt section, a line that is neither, and a file that cannot be read are errors. Reads
/// the file that ConfigFile() names. Throws nothing but std::bad_alloc. Thread-safe as ReadIni() is.
RegistryOptionsReading ReadRegistryOptions(const RegistryOptions& given);

}  // namespace shmetrics::config

#endif  // SHMETRICS_CLIENT_LIB_CONFIG_SEGMENT_SETTINGS_H_
