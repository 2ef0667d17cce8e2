#ifndef SHMETRICS_SHM_BUCKET_INDEX_H_
#define SHMETRICS_SHM_BUCKET_INDEX_H_

// Bucket index: finds the bucket that counts a value. The cost does not depend on the value nor, if the
// bounds are spread out, on their number. A table is indexed by the leading bits of a double, which are its
// logarithm cut into straight lines ("log-linear"). It leads to the few bounds that a value can be near, and
// only these are compared with it.
//
// Why it is exact: a greater value never has a smaller slot, and a bound is put into a slot by the same rule
// as a value. So all bounds in slots before the value's are below it, all in later slots are above it, and
// the rest are compared.
//
// Private memory of a process, made once for each family; the segment does not hold it. Compiled into the
// application, as cells.h is.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "needs_cpp20.h"

namespace shmetrics::shm {

/// The number of bounds below `value`: its bucket, because bound i is the largest value of bucket i (`le`).
/// It halves the range without a branch that depends on the value: a mispredicted branch costs more than all
/// the steps.
inline std::uint32_t BucketOf(const double* bounds, std::uint32_t bound_count, double value) {
  const double* base = bounds;
  for (std::uint32_t left = bound_count; left > 0;) {
    const std::uint32_t half = (left + 1) / 2;
    // multiplied, because g++ turns a conditional into a branch
    base += static_cast<std::size_t>(base[half - 1] < value) * half;
    left -= half;
  }
  return static_cast<std::uint32_t>(base - bounds);
}

/// The library makes it, and the application reads it. The application may have been compiled against another
/// release, so another order of the members needs another kLayoutMajor. (kCallerLayout notices another size.)
class BucketIndex {
 public:
  /// An index of no bounds: every value is in bucket 0.
  constexpr BucketIndex() = default;
  /// Takes at most kMaxBounds increasing bounds.
  explicit BucketIndex(std::span<const double> bounds);

  std::uint32_t bound_count() const { return bound_count_; }

  /// The bucket of a value that is not NaN.
  std::uint32_t BucketOf(double value) const {
    std::uint32_t bucket = first_in_slot_[SlotOf(value)];
    bucket += static_cast<std::uint32_t>(bounds_[bucket] < value);
    if (compared_ > 1) [[unlikely]]
      bucket += shm::BucketOf(bounds_ + bucket, compared_ - 1, value);
    return bucket;
  }

  static constexpr std::size_t kMaxBounds = 255;

 private:
  static constexpr std::size_t kMaxSlots = 1024;

  /// How values are cut into slots. The bits of a positive double grow with it. Slot 0 also has all negative
  /// values and -0.
  struct Slots {
    std::uint32_t shift = 63;
    std::int64_t before = 0;  ///< how many slots there would be below slot 0; never negative
    std::int64_t last = 0;
  };

  std::size_t SlotOf(double value) const {
    const std::int64_t slot = (std::bit_cast<std::int64_t>(value) >> slots_.shift) - slots_.before;
    return static_cast<std::size_t>(std::clamp<std::int64_t>(slot, 0, slots_.last));
  }
  void ChooseSlots();
  std::uint32_t MostInASlot() const;

  Slots slots_;
  std::uint32_t bound_count_ = 0;
  std::uint32_t compared_ = 0;  ///< the number of bounds that a value is compared with
  std::uint8_t first_in_slot_[kMaxSlots] = {};
  double bounds_[kMaxBounds] = {std::numeric_limits<double>::infinity()};
};

/// For handles that count nowhere.
inline constexpr BucketIndex kNoBuckets;

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BUCKET_INDEX_H_
