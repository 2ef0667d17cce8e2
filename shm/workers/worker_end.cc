#include "shm/workers/worker_end.h"

#include <algorithm>

namespace shmetrics::shm {
namespace {

std::uint64_t Minus(std::uint64_t a, std::uint64_t b) { return a - std::min(a, b); }

}  // namespace

Exits& Exits::operator+=(const Exits& other) {
  ended += other.ended;
  execs += other.execs;
  unknown += other.unknown;
  losses += other.losses;
  return *this;
}

Exits& Exits::operator-=(const Exits& other) {
  ended = Minus(ended, other.ended);
  execs = Minus(execs, other.execs);
  unknown = Minus(unknown, other.unknown);
  losses = Minus(losses, other.losses);
  return *this;
}

Exits& Exits::operator+=(const Ending& ending) {
  ended += ending.how == WorkerEnd::kEnded ? 1 : 0;
  execs += ending.how == WorkerEnd::kExec ? 1 : 0;
  unknown += ending.how == WorkerEnd::kUnknown ? 1 : 0;
  losses += ending.is_loss() ? 1 : 0;
  return *this;
}

}  // namespace shmetrics::shm
