#include "shm/leases/owner_probe.h"

#include <exception>
#include <optional>

#include "shm/workers/worker_slot.h"

namespace shmetrics::shm {

bool OwnerProbe::IsDead(std::uint32_t slot, std::uint64_t epoch) noexcept {
  if (slot >= segment_.header().slot_count) return true;  // the segment has no such slot
  const layout::WorkerSlot& owner = segment_.worker_slot(slot);
  // SYNC(slot-epoch), see worker_slot.cc
  if (owner.epoch.load(std::memory_order_acquire) != epoch) return true;
  if (asks_ == Asks::kNobody || &owner == own_) return false;
  if (!HoldsSlot(slot)) return true;
  // The present holder may have come after the owner. If so, it raised the epoch before it locked the slot.
  return owner.epoch.load(std::memory_order_acquire) != epoch;  // SYNC(slot-epoch)
}

bool OwnerProbe::HoldsSlot(std::uint32_t slot) noexcept {
  if (const auto known = answers_.find(slot); known != answers_.end()) return known->second;
  const bool holds = AskTheKernel(slot);
  try {
    answers_.emplace(slot, holds);
  } catch (const std::exception&) {  // then the kernel is asked again
  }
  return holds;
}

bool OwnerProbe::AskTheKernel(std::uint32_t slot) noexcept {
  const int probe = segment_.probe_fd();
  const std::optional<bool> answer = probe >= 0 ? IsSlotHeld(probe, slot) : std::nullopt;
  // Asked again: if the application has closed the descriptor meanwhile, the answer was about another file.
  if (answer && (*answer || segment_.probe_fd() == probe)) return *answer;
  could_not_ask_ = true;
  return true;
}

}  // namespace shmetrics::shm
