#include "tests/support/expected_series.h"

#include <cstdlib>
#include <set>

namespace shmetrics::testing {

using nlohmann::json;

Labels With(Labels labels, const std::string& name, const std::string& value) {
  labels[name] = value;
  return labels;
}

std::string Mismatch(const json& result, const ExpectedSeries& expected) {
  if (!result.is_array()) return "not answered";
  std::set<Labels> found;
  for (const json& one : result) {
    Labels labels = one["metric"];
    labels.erase("__name__");
    const double value = std::strtod(one["value"][1].get<std::string>().c_str(), nullptr);
    const auto wanted = expected.series.find(labels);
    const bool known = wanted != expected.series.end();
    if (!known && expected.or_zero && value == 0) continue;
    if (!known || value < wanted->second.low || value > wanted->second.high || !found.insert(labels).second) {
      std::string range =
          known ? std::to_string(wanted->second.low) + " to " + std::to_string(wanted->second.high)
                : std::string("none");
      return one.dump() + " where " + range + " is expected";
    }
  }
  return found.size() == expected.series.size() ? "" : "series are missing in " + result.dump();
}

}  // namespace shmetrics::testing
