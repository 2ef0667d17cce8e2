#ifndef SHMETRICS_AGENT_MAIN_LOOP_H_
#define SHMETRICS_AGENT_MAIN_LOOP_H_

#include <chrono>
#include <csignal>
#include <functional>
#include <vector>

namespace shmetrics::agent {

/// A task to run periodically.
struct Task {
  /// Logged before what run() threw: "the page could not be made: ".
  const char* complaint;
  std::chrono::microseconds period;
  std::function<void()> run;
};

/// Blocks SIGTERM, SIGINT and SIGHUP and returns them. Call it before the first thread starts, so that every
/// thread has them blocked.
sigset_t BlockSignals();

/// Runs each of `tasks` when its period has passed, until SIGTERM or SIGINT comes. Runs `reload` at each
/// SIGHUP. `signals` come from BlockSignals(). What a task throws is logged: an agent whose task failed still
/// serves.
void RunUntilStopped(const sigset_t& signals, const std::vector<Task>& tasks,
                     const std::function<void()>& reload);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_MAIN_LOOP_H_
