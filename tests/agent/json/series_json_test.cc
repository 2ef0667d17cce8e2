#include "agent/json/series_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using nlohmann::json;
using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

TEST(SeriesJsonTest, FoundSeriesAreNamedWithTheirValues) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("x=\"</script>\"", 1ULL << 60U);
  builder.Family("b_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.5})
      .Histogram("x=\"1\"", {{1, 0.25}, {2, 7}});
  builder.Family("c", MetricType::kGauge, GaugeMode::kPerWorker).Number("", -0.5, 3);
  const SeriesSearch::Answer found = SeriesSearch::Parse("_ ").value().Run(builder.snapshot, 10);
  const SeriesSearch::Answer gauge = SeriesSearch::Parse("c").value().Run(builder.snapshot, 1);
  std::string text;
  WriteFoundSeriesJson(builder.snapshot, found, 0, &text);
  EXPECT_EQ(json::parse(text), json::parse(R"({"series": [
    {"name": "a_total", "type": "counter", "unit": "", "labels": {"x": "</script>"}, "value": "1152921504606846976"},
    {"name": "b_seconds", "type": "histogram", "unit": "", "labels": {"x": "1"}, "count": 3, "sum": 7.25}],
    "matches": 2, "searched": 3, "complete": true, "timestamp": "1970-01-01T00:00:00.000Z"})"));
  text.clear();
  WriteFoundSeriesJson(builder.snapshot, gauge, 0, &text);
  EXPECT_EQ(json::parse(text)["series"][0]["labels"]["worker"], "3");
  EXPECT_EQ(json::parse(text)["series"][0]["value"], -0.5);
}

}  // namespace
}  // namespace shmetrics::agent
