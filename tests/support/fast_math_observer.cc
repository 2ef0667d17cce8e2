#include "tests/support/fast_math_observer.h"

#include <bit>
#include <cstdint>

namespace shmetrics::testing {

// Made from bits, because the compiler of this file assumes that such values do not exist.
void ObserveNanAndInfinitiesWithFastMath(const HistogramFamily& family) {
  for (const std::uint64_t bits : {0x7FF8000000000000U, 0x7FF0000000000000U, 0xFFF0000000000000U}) {
    family.observe(std::bit_cast<double>(bits));
  }
}

}  // namespace shmetrics::testing
