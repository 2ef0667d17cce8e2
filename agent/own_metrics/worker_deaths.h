#ifndef SHMETRICS_AGENT_OWN_METRICS_WORKER_DEATHS_H_
#define SHMETRICS_AGENT_OWN_METRICS_WORKER_DEATHS_H_

#include <chrono>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace shmetrics::shm {
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

/// How many workers have died. Nobody reports a death, so it is computed from the workers that started and
/// those that live. Includes workers whose slot another has taken, and those that died before the agent
/// started. Thread-safe.
class WorkerDeaths {
 public:
  using Clock = std::chrono::steady_clock;

  /// The deaths up to this look at the segment. Never less than at the previous look.
  std::uint64_t Count(const shm::Snapshot& segment, Clock::time_point now);

 private:
  /// A slot that nobody holds: its last owner is dead, or its next one has announced itself and will hold it
  /// in a moment.
  struct Unheld {
    std::uint64_t epoch;
    Clock::time_point since;
  };

  std::mutex mutex_;
  /// By slot. Slots held by now stay in it: their epoch has passed.
  std::unordered_map<std::uint32_t, Unheld> unheld_;
  bool has_looked_ = false;
  /// The count at the last look. A replaced segment lowers it.
  std::uint64_t dead_before_ = 0;
  std::uint64_t counted_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_WORKER_DEATHS_H_
