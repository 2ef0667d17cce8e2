#ifndef SHMETRICS_AGENT_CONFIG_RELOAD_H_
#define SHMETRICS_AGENT_CONFIG_RELOAD_H_

#include <functional>
#include <memory>

#include "agent/config/config.h"
#include "agent/config/options.h"
#include "agent/own_metrics/agent_stats.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Holds the configuration in force, and replaces it by what file and environment say now. For one thread.
class Reload {
 public:
  /// Applies a new configuration completely, or fails and changes nothing. The configuration lives until the
  /// next call has returned.
  using Apply = std::function<Result<void>(const Config&)>;

  /// Each reload records its success in `stats`.
  Reload(Options options, Config config, ReloadStats* stats);

  const Config& config() const { return *config_; }

  /// Reads file and environment again; flags still win over them. A good configuration is applied, and the
  /// log names the keys that wait for a restart. A bad one, and one that opens what was closed, is logged in
  /// one line, and the old one stays in force.
  void Run(const Apply& apply);

 private:
  Result<void> TryRun(const Apply& apply);

  const Options options_;
  std::unique_ptr<const Config> config_;
  ReloadStats* const stats_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_RELOAD_H_
