#ifndef SHMETRICS_AGENT_CONFIG_SETTINGS_H_
#define SHMETRICS_AGENT_CONFIG_SETTINGS_H_

// What can be set, by which flag and by which key of the configuration file: the one table that both readers go by.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/log.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// What a command line or a file says; empty where it says nothing.
struct Settings {
  std::optional<std::string> segment_path;
  std::optional<uid_t> trusted_owner;  ///< who else may own the segment file
  std::vector<ListenAddress> listen_addresses;
  std::optional<std::string> telemetry_path;
  std::optional<bool> disable_exporter_metrics;
  std::optional<bool> openmetrics_created;
  std::optional<std::string> tls_certificate;
  std::optional<std::string> tls_key;
  std::vector<WebUser> users;
  std::optional<std::vector<std::string>> allowed_hosts;
  std::optional<unsigned> max_connections;
  std::optional<std::chrono::seconds> request_deadline;
  std::optional<LogLevel> log_level;
  std::optional<LogFormat> log_format;

  /// Takes from `other` what this does not say.
  void FillFrom(const Settings& other);
};

/// One thing that can be set.
struct Setting {
  enum class Kind : std::uint8_t {
    kOne,      ///< once
    kSeveral,  ///< a flag said again adds to it; in the file commas divide the values
    kSwitch,   ///< true or false; the flag alone means true, with no- before its name false
  };

  std::string_view key;    ///< in the file: [section] name
  std::string_view flag;   ///< with both hyphens; empty: only in the file
  std::string_view value;  ///< what stands for the value in the help
  std::string_view help;
  Kind kind;
  /// Takes the value as a user wrote it; fails with kBadOption and a message that names the value and what it can be.
  Result<void> (*set)(const std::string& text, Settings* settings);
};

std::span<const Setting> AllSettings();

/// Adds a user of [web.users]. The message of an error never holds the hash.
Result<void> AddWebUser(const std::string& name, const std::string& bcrypt_hash, Settings* settings);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_SETTINGS_H_
