#ifndef SHMETRICS_AGENT_OWN_METRICS_WORKER_DEATHS_H_
#define SHMETRICS_AGENT_OWN_METRICS_WORKER_DEATHS_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// How many workers have died, told from who has started and who lives: nobody is told of a death. Counts those too whose
/// slot another has by now, and those from before the agent was started. Thread-safe.
class WorkerDeaths {
 public:
  using Clock = std::chrono::steady_clock;

  /// Up to this look at the segment; never less than at the one before.
  std::uint64_t Count(const shm::Snapshot& segment, Clock::time_point now);

 private:
  /// A slot that nobody holds: its last owner is dead, or its next one has announced himself and will hold it in a moment.
  struct Unheld {
    std::uint64_t epoch;
    Clock::time_point since;
  };

  std::mutex mutex_;
  std::unordered_map<std::uint32_t, Unheld>
      unheld_;  ///< by slot; what is held by now stays, its epoch has passed
  bool has_looked_ = false;
  std::uint64_t dead_before_ =
      0;  ///< as the last look had it; less than before it when a replaced segment is left out
  std::uint64_t counted_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_WORKER_DEATHS_H_
