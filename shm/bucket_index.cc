#include "shm/bucket_index.h"

namespace shmetrics::shm {

BucketIndex::BucketIndex(std::span<const double> bounds)
    : bound_count_(static_cast<std::uint32_t>(std::min(bounds.size(), kMaxBounds))), compared_(bound_count_) {
  std::copy_n(bounds.begin(), bound_count_, bounds_);
  ChooseSlots();
  std::uint32_t below = 0;
  for (std::size_t slot = 0; slot <= static_cast<std::size_t>(slots_.last); slot++) {
    // Capped, so that no comparison goes beyond the last bound. One comparison too many does no harm.
    first_in_slot_[slot] = static_cast<std::uint8_t>(std::min(below, bound_count_ - compared_));
    while (below < bound_count_ && SlotOf(bounds_[below]) == slot) below++;
  }
}

/// Chooses the coarsest slots that hold at most one bound each. If those are too many, it chooses the ones
/// whose fullest slot has the fewest bounds.
void BucketIndex::ChooseSlots() {
  const auto bits = [this](std::uint32_t bound) { return std::bit_cast<std::int64_t>(bounds_[bound]); };
  Slots best = slots_;
  for (slots_.shift = 62; slots_.shift > 0 && compared_ > 1; slots_.shift--) {
    // All values below the second bound share a slot. Otherwise a bound of 0 would stretch the table over all
    // tiny values.
    slots_.before = std::max<std::int64_t>(bits(1) >> slots_.shift, 1) - 1;
    slots_.last = std::max<std::int64_t>((bits(bound_count_ - 1) >> slots_.shift) - slots_.before, 0);
    if (slots_.last >= std::int64_t{kMaxSlots}) break;
    const std::uint32_t most = MostInASlot();
    if (most >= compared_) continue;
    compared_ = most;
    best = slots_;
  }
  slots_ = best;
}

std::uint32_t BucketIndex::MostInASlot() const {
  std::uint32_t most = 0;
  for (std::uint32_t first = 0, i = 0; i < bound_count_; i++) {
    if (SlotOf(bounds_[i]) != SlotOf(bounds_[first])) first = i;
    most = std::max(most, i - first + 1);
  }
  return most;
}

}  // namespace shmetrics::shm
