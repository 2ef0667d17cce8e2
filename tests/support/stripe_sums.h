#ifndef SHMETRICS_TESTS_SUPPORT_STRIPE_SUMS_H_
#define SHMETRICS_TESTS_SUPPORT_STRIPE_SUMS_H_

#include <cstdint>

#include "shm/cells.h"
#include "shm/segment/segment.h"

namespace shmetrics::testing {

/// The sums of a column of cells, by the way in which they were added.
struct StripeSums {
  std::uint64_t by_locked_instruction = 0;
  std::uint64_t by_sequence = 0;
};

/// `count_of` returns the count that one cell holds.
template <class Cell>
StripeSums SumStripes(const shm::Segment& segment, Cell* first, auto count_of) {
  StripeSums sums;
  for (std::uint32_t stripe = 0; stripe < segment.header().stripe_count; stripe++) {
    std::uint64_t& sum = stripe < shm::kAtomicStripes ? sums.by_locked_instruction : sums.by_sequence;
    sum += count_of(*shm::InStripe(first, stripe));
  }
  return sums;
}

/// The same for an integer counter.
inline StripeSums SumStripes(const shm::Segment& segment, std::uint64_t* first) {
  return SumStripes(segment, first, [](std::uint64_t cell) { return cell; });
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_STRIPE_SUMS_H_
