#ifndef SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_
#define SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_

// Lease clock: the clock of deadlines. It is the host's CLOCK_MONOTONIC, also for a process in a time
// namespace. It stands still while the host sleeps, nobody can set it, and all processes agree on it.

#include <cstdint>

#include "shm/result.h"

namespace shmetrics::shm {

/// Makes sure that this process knows how far its own clock is from the host's. kUnknown if /proc does not
/// say; the next call then asks again. Whoever compares deadlines calls this first: with a wrong clock,
/// leases of others would end too early or too late. What is found out holds until the next fork, because a
/// child may be in another time namespace. Thread-safe. Allocates only on failure. Costs two loads once it is
/// known; before that, it reads two files of /proc.
Result<void> FindOutLeaseClock();
/// The same without a reason: never allocates, so a child may call it right after fork().
bool LeaseClockIsKnown();

/// Now, in nanoseconds. Wrong by the offset of this process's time namespace if FindOutLeaseClock() fails.
/// Costs a read of the clock.
std::int64_t LeaseNowNs();

/// The time of the kernel's last tick, for a third of the cost.
std::int64_t LeaseNowCoarseNs();
/// How far LeaseNowCoarseNs() may be behind LeaseNowNs(). It is more than the longest tick, which is 10 ms.
inline constexpr std::int64_t kMaxCoarseLagNs = 20'000'000;

/// The deadline `ttl_ns` after `now`; layout::kNoDeadline for a TTL of 0. Never overflows.
std::int64_t LeaseDeadlineAfter(std::int64_t now, std::int64_t ttl_ns);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_
