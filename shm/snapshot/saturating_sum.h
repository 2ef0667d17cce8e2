#ifndef SHMETRICS_SHM_SNAPSHOT_SATURATING_SUM_H_
#define SHMETRICS_SHM_SNAPSHOT_SATURATING_SUM_H_

#include <algorithm>
#include <cmath>
#include <limits>

namespace shmetrics::shm {

/// a + b, kept within the finite doubles. What is added to a cell is finite, but the cell may overflow, and stays
/// infinite for good: then the sum is shown as the largest double. An infinite sum would make every rate() and
/// every average of it NaN. NaN, which only damage can bring, stays NaN.
inline double SaturatingSum(double a, double b) {
  const double sum = a + b;
  if (std::isfinite(sum)) [[likely]]
    return sum;
  static constexpr double kLargest = std::numeric_limits<double>::max();
  const auto finite = [](double x) { return std::isnan(x) ? x : std::clamp(x, -kLargest, kLargest); };
  return finite(finite(a) + finite(b));
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_SATURATING_SUM_H_
