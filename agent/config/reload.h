#ifndef SHMETRICS_AGENT_CONFIG_RELOAD_H_
#define SHMETRICS_AGENT_CONFIG_RELOAD_H_

#include <functional>
#include <memory>

#include "agent/config/config.h"
#include "agent/config/options.h"
#include "agent/own_metrics/agent_stats.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// The configuration in force, and its exchange for what the file says now. For one thread.
class Reload {
 public:
  /// Hands the new configuration to all that can exchange it, or to none and fails. What it is given lives until the next
  /// call of it has returned.
  using Apply = std::function<Result<void>(const Config&)>;

  /// Records in `stats` how each reading went.
  Reload(Options options, Config config, ReloadStats* stats);

  const Config& config() const { return *config_; }

  /// Reads file and environment again; flags stay above them. What is good is applied and logged, with the keys that wait
  /// for a restart. What is bad is logged in one line, and the old configuration stays in force.
  void Run(const Apply& apply);

 private:
  Result<void> TryRun(const Apply& apply);

  const Options options_;
  std::unique_ptr<const Config> config_;
  ReloadStats* const stats_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_CONFIG_RELOAD_H_
