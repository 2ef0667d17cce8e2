#ifndef SHMETRICS_SHM_LEASES_LEASE_STATE_H_
#define SHMETRICS_SHM_LEASES_LEASE_STATE_H_

// Lease state: generation and deadline of an entry, which change together by one compare-and-swap. Its owner
// changes them without the mutex, so each loop is bounded, however often others change the same lease.

#include <cstdint>

#include "shm/layout/layout.h"
#include "shm/leases/owner_probe.h"

namespace shmetrics::shm {

inline constexpr int kMaxStateTries = 64;

/// True if an entry is in use. A repair looks at nothing else.
bool IsInUse(const layout::LeaseEntry& entry);

/// Generation and deadline of one moment.
layout::LeaseState LoadState(const layout::LeaseEntry& entry);

/// False if it is no longer the state that was seen.
bool CompareAndSwapState(layout::LeaseEntry* entry, const layout::LeaseState& seen,
                         const layout::LeaseState& wanted);
/// Ends the lease, unless it has changed.
bool End(layout::LeaseEntry* entry, const layout::LeaseState& seen);

/// Ends the lease of an entry if its deadline has passed or its owner is dead. True if the entry is no lease
/// any more. Only for the holder of its shard.
bool EndIfExpiredOrOrphaned(layout::LeaseEntry* entry, std::int64_t now, OwnerProbe* probe);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_STATE_H_
