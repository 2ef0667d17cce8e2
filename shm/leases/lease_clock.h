#ifndef SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_
#define SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_

// Lease clock: what deadlines are measured by. CLOCK_MONOTONIC as the host has it, whatever time namespace the asking
// process is in: it stands still while the host sleeps, nobody sets it, and all processes agree on it.

#include <cstdint>

namespace shmetrics::shm {

/// Now, in nanoseconds. Costs a read of the clock; in each process the first call reads two files of /proc.
std::int64_t LeaseNowNs();

/// The same, as it was at the kernel's last tick. A third of the cost.
std::int64_t LeaseNowCoarseNs();
/// What that may be behind: more than the longest tick, 10 ms.
inline constexpr std::int64_t kMaxCoarseLagNs = 20'000'000;

/// A TTL from `now`: layout::kNoDeadline for a TTL of 0, and never past the end of numbers.
std::int64_t LeaseDeadlineAfter(std::int64_t now, std::int64_t ttl_ns);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_CLOCK_H_
