#ifndef SHMETRICS_TESTS_SUPPORT_EXPECTED_SERIES_H_
#define SHMETRICS_TESTS_SUPPORT_EXPECTED_SERIES_H_

#include <map>
#include <nlohmann/json.hpp>
#include <string>

namespace shmetrics::testing {

using Labels = std::map<std::string, std::string>;

/// Returns these labels and one more.
Labels With(Labels labels, const std::string& name, const std::string& value);

struct Range {
  double low, high;
};
inline Range Exactly(double value) { return {value, value}; }

/// The series that a PromQL query must return, and no others. `or_zero` allows others with the value 0.
struct ExpectedSeries {
  std::map<Labels, Range> series;
  bool or_zero = false;
};

/// Empty if a result of Prometheus::Query() is as expected, else the difference. Names of metrics do not
/// matter.
std::string Mismatch(const nlohmann::json& result, const ExpectedSeries& expected);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_EXPECTED_SERIES_H_
