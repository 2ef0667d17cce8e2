#include "shm/leases/ledger_clock.h"

#include <atomic>
#include <ctime>

#include "shm/base/clock.h"

namespace shmetrics::shm {
namespace {

constexpr std::int64_t kDayNs = 86'400'000'000'000;

/// A day in the high half; in the low half the days since the boot, by a clock that nobody sets, and one more,
/// so that the word is not 0.
std::uint64_t Pack(std::int64_t day, std::int64_t since_boot) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(day)) << 32U |
         static_cast<std::uint32_t>(since_boot + 1);
}
std::int64_t DayOf(std::uint64_t word) { return static_cast<std::int32_t>(word >> 32U); }
std::int64_t SinceBootOf(std::uint64_t word) {
  return static_cast<std::int64_t>(static_cast<std::int32_t>(word)) - 1;
}

bool IsFarFrom(std::int64_t a, std::int64_t b) { return a - b > 1 || b - a > 1; }

}  // namespace

std::int64_t UtcDay() {
  const std::int64_t now = NowNs(CLOCK_REALTIME);
  return now / kDayNs - (now % kDayNs < 0 ? 1 : 0);
}

// Noting another day:
//   1 compare-and-swap the day    die here -> a jump that was not counted
//   2 count the jump, if it is one
void NoteLedgerDay(const Segment& segment, std::int64_t day) {
  layout::MutableHeader& header = segment.mutable_header();
  // no order needed here and below: the words are for people
  std::uint64_t seen = header.ledger_day.load(std::memory_order_relaxed);
  if (seen != 0 && DayOf(seen) == day) return;
  const std::int64_t since_boot = NowNs(CLOCK_BOOTTIME) / kDayNs;
  if (!header.ledger_day.compare_exchange_strong(seen, Pack(day, since_boot), std::memory_order_relaxed))
    return;  // another process notes it
  // A service that nobody uses for a weekend has made no jump.
  const std::int64_t by_time = DayOf(seen) + since_boot - SinceBootOf(seen);
  if (seen != 0 && IsFarFrom(day, DayOf(seen)) && IsFarFrom(day, by_time))
    header.ledger_jumps.fetch_add(1, std::memory_order_relaxed);  // no order needed: as above
}

}  // namespace shmetrics::shm
