#ifndef SHMETRICS_AGENT_CONFIG_CONFIG_H_
#define SHMETRICS_AGENT_CONFIG_CONFIG_H_

#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/log.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "client-lib/audio/config.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Where the agent listens if nobody names an address.
inline constexpr std::string_view kDefaultListenAddress = "127.0.0.1:8000";

/// The configuration in force. Flags win over the file, the file over the environment, and that over the
/// defaults in the table of settings.cc.
struct Config {
  std::string segment_path;
  uid_t trusted_owner = static_cast<uid_t>(-1);  ///< may own the segment file too; -1: nobody
  std::vector<ListenAddress> listen_addresses;   ///< empty: none was configured
  std::string telemetry_path;
  bool disable_exporter_metrics = false;
  bool openmetrics_created = false;
  HttpLimits http_limits;
  unsigned max_response_bytes_in_flight = 0;
  HttpPolicy http_policy;
  LogLevel log_level{};
  LogFormat log_format{};
  audio::AudioConfig audio;
  std::vector<std::string> warnings;  ///< lines to log about doubtful settings that are accepted
};

/// What one source of settings says: the command line, a file, or the defaults.
struct PartialConfig {
  Config values;                    ///< only the members of the settings in `keys` count
  std::set<std::string_view> keys;  ///< Setting::key of each setting that this source gives

  bool Gives(std::string_view key) const { return keys.contains(key); }

  /// Adds the settings of `other` that this source does not give.
  void FillFrom(const PartialConfig& other);
};

/// Reads `config_file`, or the usual file if no name is given, and the environment. An error is one line that
/// names the file, the line and the key.
Result<Config> ReadConfig(const std::optional<std::string>& config_file, const PartialConfig& flags);

/// The keys that differ between the two and need a restart to change.
std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next);

/// `next`, but with the values of `running` for KeysThatNeedRestart().
Config WithoutKeysThatNeedRestart(const Config& running, Config next);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_CONFIG_H_
