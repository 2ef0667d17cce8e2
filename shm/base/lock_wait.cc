#include "shm/base/lock_wait.h"

#include <algorithm>
#include <ctime>

#include "shm/base/clock.h"
#include "shm/base/task_state.h"

namespace shmetrics::shm {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;
/// How often a waiter looks whether the holder has changed or is stopped.
constexpr std::int64_t kLookNs = 25 * kMillisecondNs;

/// Never 0, which is the name of no holding. Turns of one holder have different names; of two holders, 1 pair
/// of turns in 2^32 has the same.
std::uint32_t NameOf(const Holding& holding) {
  return std::max(holding.turn * 0x9E3779B1U ^ holding.holder, 1U);
}

std::uint64_t WordOf(std::uint32_t name, std::int64_t since_ns) {
  return std::uint64_t{name} << 32U | static_cast<std::uint32_t>(since_ns / kMillisecondNs);
}

/// True if the holder does not go on by itself. A thread that sleeps while it holds the lock is in a frozen
/// group, which is shown as sleep, or it waits for something that a lock's holder should not wait for. Of a
/// process only the first thread is shown, and another may hold the lock, so there only a stop counts, which
/// stops all of them.
bool IsStopped(const Holding& holding) {
  const char state = TaskState(holding.holder);
  return state == 'T' || (holding.kind == Holding::Kind::kThread && (state == 't' || state == 'S'));
}

}  // namespace

std::int64_t HolderWatch::AgeNs(const Holding& holding, std::int64_t now_ns) {
  const std::uint32_t name = NameOf(holding);
  // no order needed: the word stands for itself
  const std::uint64_t seen = seen_.load(std::memory_order_relaxed);
  if (seen >> 32U != name) {
    seen_.store(WordOf(name, now_ns), std::memory_order_relaxed);  // no order needed: as above
    return 0;
  }
  const auto age_ms = static_cast<std::uint32_t>(now_ns / kMillisecondNs) - static_cast<std::uint32_t>(seen);
  // Another thread may have read the clock later and stored earlier.
  constexpr std::uint32_t kLeadMs = 60'000;
  return age_ms > UINT32_MAX - kLeadMs ? 0 : age_ms * kMillisecondNs;
}

void HolderWatch::SetAge(const Holding& holding, std::int64_t age_ns, std::int64_t now_ns) {
  // no order needed: as above
  seen_.store(WordOf(NameOf(holding), now_ns - age_ns), std::memory_order_relaxed);
}

std::int64_t LockWait::LeftNs(std::int64_t now_ns) {
  if (begun_ns_ == 0) begun_ns_ = now_ns;
  return std::max<std::int64_t>(0, max_wait_ns_ - (now_ns - begun_ns_));
}

std::int64_t LockWait::NextTryNs() {
  return max_wait_ns_ <= 0 ? 0 : std::min(LeftNs(NowNs(CLOCK_MONOTONIC)), kLookNs);
}

std::int64_t LockWait::NextTryNs(const Holding& holding) {
  if (max_wait_ns_ <= 0) return 0;
  const std::int64_t now = NowNs(CLOCK_MONOTONIC);
  const std::int64_t left = LeftNs(now);
  const std::int64_t age = watch_.AgeNs(holding, now);
  if (age >= kStoppedNs && age < kStuckNs && now >= next_look_ns_) {
    next_look_ns_ = now + kLookNs;
    is_stuck_ = IsStopped(holding);
    if (is_stuck_) watch_.SetAge(holding, kStuckNs, now);
  }
  is_stuck_ = is_stuck_ || age >= kStuckNs;
  return is_stuck_ ? 0 : std::min(left, kLookNs);
}

}  // namespace shmetrics::shm
