#ifndef SHMETRICS_AGENT_MAIN_LOOP_H_
#define SHMETRICS_AGENT_MAIN_LOOP_H_

#include <chrono>
#include <csignal>
#include <functional>
#include <vector>

namespace shmetrics::agent {

/// Something to be done again and again.
struct Task {
  const char* complaint;  ///< for the log, before what run() threw: "the ledger could not be saved: "
  std::chrono::microseconds period;
  std::function<void()> run;
  bool runs_at_end = false;  ///< once more when the loop ends
};

/// SIGTERM, SIGINT and SIGHUP, blocked; before the first thread is started, so that every thread has them blocked.
sigset_t BlockSignals();

/// Runs `tasks`, each when its period has passed, until SIGTERM or SIGINT comes; `reload` whenever SIGHUP does. `signals`
/// are from BlockSignals(). What a task throws is logged: an agent that could not save once still serves, and may save the
/// next time.
void RunUntilStopped(const sigset_t& signals, const std::vector<Task>& tasks,
                     const std::function<void()>& reload);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_MAIN_LOOP_H_
