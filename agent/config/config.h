#ifndef SHMETRICS_AGENT_CONFIG_CONFIG_H_
#define SHMETRICS_AGENT_CONFIG_CONFIG_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "agent/base/log.h"
#include "agent/config/options.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "client-lib/audio/config.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// The configuration: what flags, file, environment and defaults come to, each above the next.
struct Config {
  std::string segment_path;
  uid_t trusted_owner = static_cast<uid_t>(-1);
  std::vector<ListenAddress> listen_addresses;  ///< empty: none was configured
  std::string telemetry_path = "/metrics";
  bool disable_exporter_metrics = false;
  bool openmetrics_created = false;
  HttpLimits http_limits;
  HttpPolicy http_policy;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;
  audio::AudioConfig audio;
  std::vector<std::string> warnings;  ///< lines to log, of what is doubtful and not refused
};

/// Fails with one line that names flag, or file, line and key.
Result<Config> ReadConfig(const Options& options);

/// The keys in which `next` differs from `running` and which only a restart can change.
std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_CONFIG_H_
