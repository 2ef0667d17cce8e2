#include "agent/own_metrics/worker_deaths.h"

#include <algorithm>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

/// A worker first increments its slot's epoch and holds the slot microseconds later. If it were taken for
/// dead in between, that death would stay counted, and its real death would not count. So a slot counts only
/// after it had no holder, with one epoch, for this time. A worker that is stopped just in between is counted
/// wrongly.
constexpr std::chrono::seconds kClaimTime{1};

}  // namespace

std::uint64_t WorkerDeaths::Count(const shm::Snapshot& segment, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  // The first look knows nothing yet. Counting yesterday's dead as new ones would look like a catastrophe.
  const Clock::time_point since = has_looked_ ? now : now - kClaimTime;
  has_looked_ = true;
  std::uint64_t not_dead = 0;
  for (const shm::WorkerSnapshot& worker : segment.workers) {
    if (worker.alive) {
      ++not_dead;
      continue;
    }
    Unheld& unheld = unheld_[worker.slot];
    if (unheld.epoch != worker.epoch) unheld = {worker.epoch, since};
    if (now - unheld.since < kClaimTime) ++not_dead;
  }
  const std::uint64_t starts = segment.segment.worker_starts;
  const std::uint64_t dead = starts - std::min(starts, not_dead);
  counted_ += dead - std::min(dead, dead_before_);
  dead_before_ = dead;
  return counted_;
}

}  // namespace shmetrics::agent
