#include "shm/leases/returned_leases.h"

#include <atomic>

#include "shm/base/crash_point.h"

namespace shmetrics::shm {

using layout::LeaseEntry;
using layout::Ref;

// A lease that has ended while somebody else holds the mutex:
//   1 put its Ref where there is room    die here -> its owner is dead, which the next refusal would find
//   2 say that there is something        die here -> the same
void ReturnLease(const Segment& segment, layout::LeaseShard* shard, const LeaseEntry& entry) {
  layout::ReturnedLeases& returned = shard->returned;
  const Ref ref = segment.RefOf(&entry);
  bool has_place = false;
  for (std::uint32_t i = 0; i < layout::ReturnedLeases::kMost && !has_place; i++) {
    std::uint32_t room = 0;
    has_place = returned.entries[(ref + i) % layout::ReturnedLeases::kMost].compare_exchange_strong(
        room, ref, std::memory_order_acq_rel);
  }
  SHMETRICS_CRASH_POINT("lease_returned");
  if (!has_place)
    returned.has_overflowed.store(1, std::memory_order_release);  // pairs with LeaseIndex::TakeReturned()
  returned.is_there.store(1, std::memory_order_release);          // pairs with LeaseIndex::TakeReturned()
}

}  // namespace shmetrics::shm
