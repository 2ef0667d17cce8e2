#ifndef SHMETRICS_SHM_LEASES_RETURNED_LEASES_H_
#define SHMETRICS_SHM_LEASES_RETURNED_LEASES_H_

// Returned leases: leases that have ended while somebody else held the mutex of their shard. Whoever ends one
// leaves its place there, and the next holder of the mutex takes it out of the index. So a release never
// waits.

#include <cstdint>

#include "shm/layout/layout.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// Tells the next holder of the mutex of a lease that has just ended. Needs no mutex; lock-free.
void ReturnLease(const Segment& segment, layout::LeaseShard* shard, const layout::LeaseEntry& entry);

/// Empties what was returned, and calls visit(Ref) for each. True if there was more than has room: then any
/// entry of the shard may have ended. Only for the holder of the mutex. What is returned meanwhile stays for
/// the next one.
template <class Visit>
bool TakeReturnedLeases(layout::ReturnedLeases* returned, Visit visit) {
  returned->is_there.exchange(0, std::memory_order_acq_rel);
  for (std::atomic<std::uint32_t>& place : returned->entries)
    visit(place.exchange(0, std::memory_order_acq_rel));
  return returned->has_overflowed.exchange(0, std::memory_order_acq_rel) != 0;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_RETURNED_LEASES_H_
