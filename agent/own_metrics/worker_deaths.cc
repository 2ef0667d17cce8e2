#include "agent/own_metrics/worker_deaths.h"

#include <algorithm>

namespace shmetrics::agent {
namespace {

/// A worker bumps the epoch of its slot first and holds it microseconds later. Taken for dead in between it would be
/// counted for good, and a real death later would not be. So a slot counts only when it has been without a holder for so
/// long, with one epoch; a worker that is stopped just there is the exception.
constexpr std::chrono::seconds kClaimTime{1};

}  // namespace

std::uint64_t WorkerDeaths::Count(const shm::Snapshot& segment, Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  // At the first look nothing is known, and taking the dead of yesterday for new ones would look like a catastrophe.
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
