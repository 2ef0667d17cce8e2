#include "agent/json/history_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using nlohmann::json;
using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kUnixNs = 1'738'367'999 * kSecondNs;

json Answer(const History& history, std::int64_t boot_ns, const std::vector<std::string_view>& names = {},
            std::size_t top = 10) {
  std::string text;
  WriteHistoryJson(history, names, top, {kUnixNs, boot_ns}, &text);
  return json::parse(text);
}

TEST(HistoryJsonTest, AnEmptyHistoryIsEmptyLists) {
  EXPECT_EQ(Answer({}, 0), json::parse(R"({"timestamp": "2025-01-31T23:59:59.000Z", "step_seconds": 5,
    "times": [], "breaks": [], "families": [], "left_out": {"families": 0, "series": 0}})"));
}

TEST(HistoryJsonTest, EveryListHasAnEntryForEachTimeAndNullWhereNothingIsKnown) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("x=\"</script>\"", 1);
  builder.Family("b_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.5})
      .Histogram("", {{1, 0.25}, {2, 7}});
  builder.snapshot.families[1].unit = "seconds";
  History history;
  history.Add(&builder.snapshot, 100 * kSecondNs);
  history.Add(nullptr, 105 * kSecondNs);
  builder.snapshot.segment.id[0] = 1;
  builder.snapshot.families[0].series[0].integer = 4;
  builder.Family("c", MetricType::kGauge, GaugeMode::kPerWorker).Number("", std::nan(""), 3);
  history.Add(&builder.snapshot, 110 * kSecondNs);
  const json answer = Answer(history, 111 * kSecondNs + kSecondNs / 4);
  EXPECT_EQ(answer["times"], json::parse("[1738367987.75, 1738367992.75, 1738367997.75]"));
  EXPECT_EQ(answer["breaks"], json::parse("[1738367997.75]"));
  EXPECT_EQ(answer["families"], json::parse(R"([
    {"name": "a_total", "type": "counter", "unit": "", "series": 1, "total": [1, null, 4],
     "top": [{"labels": {"x": "</script>"}, "values": [1, null, 4]}]},
    {"name": "b_seconds", "type": "histogram", "unit": "seconds", "series": 1, "total": [3, null, 3],
     "sum": [7.25, null, 7.25],
     "buckets": [{"le": "0.5", "counts": [1, null, 1]}, {"le": "+Inf", "counts": [3, null, 3]}],
     "top": [{"labels": {}, "values": [3, null, 3]}]},
    {"name": "c", "type": "gauge", "unit": "", "series": 1, "total": [null, null, "NaN"],
     "top": [{"labels": {"worker": "3"}, "values": [null, null, "NaN"]}]}])"));
  EXPECT_EQ(Answer(history, 111 * kSecondNs, {"c", "absent"})["families"].size(), 1U);
  EXPECT_EQ(Answer(history, 111 * kSecondNs, {"a_total"}, 0)["families"][0]["top"], json::array());
}

TEST(HistoryJsonTest, WhatIsOlderThanTenMinutesIsNotShown) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("", 1);
  History history;
  history.Add(&builder.snapshot, 100 * kSecondNs);
  history.Add(&builder.snapshot, 300 * kSecondNs, 200 * std::chrono::seconds(1));
  EXPECT_EQ(Answer(history, 700 * kSecondNs)["times"].size(), 2U);
  EXPECT_EQ(Answer(history, 701 * kSecondNs)["times"].size(), 1U);
  EXPECT_EQ(Answer(history, 2'000 * kSecondNs)["families"][0]["total"], json::array());
}

}  // namespace
}  // namespace shmetrics::agent
