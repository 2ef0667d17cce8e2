#include "shm/leases/lease_state.h"

#include <atomic>

#include "shm/cells.h"

namespace shmetrics::shm {

using layout::LeaseEntry;
using layout::LeaseState;

bool IsInUse(const LeaseEntry& entry) { return layout::ReadOnce(entry.state.generation) % 2 == 1; }

/// If the generation is the same before and after the deadline, both belong together.
LeaseState LoadState(const LeaseEntry& entry) {
  auto& shared = const_cast<LeaseState&>(entry.state);  // atomic_ref<const T> is C++26; only loads follow
  const std::atomic_ref<std::uint64_t> generation(shared.generation);
  const std::atomic_ref<std::int64_t> deadline(shared.deadline_ns);
  LeaseState state{};
  for (int i = 0; i < kMaxStateTries; i++) {
    // Acquire, so that the three loads stay in this order.
    state.generation = generation.load(std::memory_order_acquire);
    state.deadline_ns = deadline.load(std::memory_order_acquire);
    if (generation.load(std::memory_order_acquire) == state.generation) break;
  }
  return state;
}

bool CompareAndSwapState(LeaseEntry* entry, const LeaseState& seen, const LeaseState& wanted) {
  std::uint64_t expected[2] = {seen.generation, static_cast<std::uint64_t>(seen.deadline_ns)};
  const std::uint64_t desired[2] = {wanted.generation, static_cast<std::uint64_t>(wanted.deadline_ns)};
  return CompareExchange16(&entry->state, expected, desired);
}

bool End(LeaseEntry* entry, const LeaseState& seen) {
  return CompareAndSwapState(entry, seen, {seen.generation + 1, 0});
}

bool EndIfExpiredOrOrphaned(LeaseEntry* entry, std::int64_t now, OwnerProbe* probe) {
  for (int i = 0; i < kMaxStateTries; i++) {
    const LeaseState state = LoadState(*entry);
    if (state.generation % 2 == 0) return true;
    // no order needed: constant while the generation is odd, and read under the mutex
    const std::uint32_t slot = entry->owner_slot.load(std::memory_order_relaxed);
    // no order needed: as above
    const std::uint64_t epoch = entry->owner_epoch.load(std::memory_order_relaxed);
    if (state.deadline_ns > now && !probe->IsDead(slot, epoch)) return false;
    if (End(entry, state)) return true;
    // It has been renewed or released meanwhile.
  }
  return false;
}

}  // namespace shmetrics::shm
