#include "agent/own_metrics/worker_exits.h"

namespace shmetrics::agent {

shm::Exits WorkerExits::Count(const shm::Exits& told) {
  const std::lock_guard lock(mutex_);
  shm::Exits since = told;
  since -= told_before_;
  told_before_ = told;
  return counted_ += since;
}

}  // namespace shmetrics::agent
