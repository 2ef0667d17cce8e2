#ifndef SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_
#define SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_

// Lease clock: the clock of deadlines. It is the host's CLOCK_MONOTONIC, also for a process in a time
// namespace. It stands still while the host sleeps, nobody can set it, and all processes agree on it.

#include <cstdint>

namespace shmetrics::shm {

/// Now, in nanoseconds. Costs a read of the clock. The first call in each process also reads two files of
/// /proc.
std::int64_t LeaseNowNs();

/// The time of the kernel's last tick, for a third of the cost.
std::int64_t LeaseNowCoarseNs();
/// How far LeaseNowCoarseNs() may be behind LeaseNowNs(). It is more than the longest tick, which is 10 ms.
inline constexpr std::int64_t kMaxCoarseLagNs = 20'000'000;

/// The deadline `ttl_ns` after `now`; layout::kNoDeadline for a TTL of 0. Never overflows.
std::int64_t LeaseDeadlineAfter(std::int64_t now, std::int64_t ttl_ns);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_
