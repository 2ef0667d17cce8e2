#ifndef SHMETRICS_AGENT_OWN_METRICS_WORKER_EXITS_H_
#define SHMETRICS_AGENT_OWN_METRICS_WORKER_EXITS_H_

#include <mutex>

#include "shm/workers/worker_end.h"

namespace shmetrics::agent {

/// How workers have ended, as counters. The segment holds the counts, so ends before the agent's start are
/// among them, and an agent that starts again goes on with the same numbers. One thing only the running agent
/// knows: that a process executed a program which has ended meanwhile. After a restart that is an unknown end.
/// Thread-safe.
class WorkerExits {
 public:
  /// The ends up to this look at the segment, which says `told`. Never less than at the previous look, though
  /// a replaced segment that is no longer read lowers what is told.
  shm::Exits Count(const shm::Exits& told);

 private:
  std::mutex mutex_;
  shm::Exits told_before_;
  shm::Exits counted_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_WORKER_EXITS_H_
