#include "agent/json/value_stats.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace shmetrics::agent {
namespace {

double Median(std::vector<double>* values) {
  const auto middle = values->begin() + static_cast<std::ptrdiff_t>(values->size() / 2);
  std::nth_element(values->begin(), middle, values->end());
  if (values->size() % 2 == 1) return *middle;
  return std::midpoint(*std::max_element(values->begin(), middle), *middle);
}

double SampleDeviation(const std::vector<double>& values, double mean) {
  if (values.size() < 2) return 0;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

}  // namespace

Stats ComputeStats(std::vector<double> values) {
  if (std::any_of(values.begin(), values.end(), [](double value) { return std::isnan(value); })) {
    // NaN cannot be ordered: there is no median, and sorting would be undefined.
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    return {values.size(), kNan, kNan, kNan, kNan, kNan, kNan};
  }
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double mean = sum / static_cast<double>(values.size());
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  Stats stats{values.size(), sum, mean, 0, *min, *max, SampleDeviation(values, mean)};
  stats.median = Median(&values);
  return stats;
}

}  // namespace shmetrics::agent
