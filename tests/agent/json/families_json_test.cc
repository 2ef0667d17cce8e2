#include "agent/json/families_json.h"

#include <gtest/gtest.h>

#include <limits>
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

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

json Top(const SnapshotBuilder& builder, const std::vector<std::string_view>& names, std::size_t top) {
  std::string text;
  WriteTopSeriesJson(builder.snapshot, names, top, 0, &text);
  return json::parse(text)["families"];
}

TEST(FamiliesJsonTest, EveryFamilyIsListedEvenWithoutASeries) {
  SnapshotBuilder builder;
  builder.Family("depth", MetricType::kGauge, GaugeMode::kSum);
  builder.Family("jobs_total", MetricType::kCounter).Counter("kind=\"a\"", 1).Counter("kind=\"b\"", 3);
  builder.snapshot.families[1].unit = "jobs";
  std::string text;
  WriteFamilyListJson(builder.snapshot, 1'738'367'999'000'000'000, &text);
  EXPECT_EQ(json::parse(text), json::parse(R"({"families": [
    {"name": "depth", "type": "gauge", "unit": "", "description": "Help.", "series": 0},
    {"name": "jobs_total", "type": "counter", "unit": "jobs", "description": "Help.", "series": 2}],
    "timestamp": "2025-01-31T23:59:59.000Z"})"));
}

TEST(FamiliesJsonTest, ANamedFamilyShowsItsLargestSeriesAndTheTotal) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("", 1);
  builder.Family("jobs_total", MetricType::kCounter);
  builder.Counter("user=\"1\"", 5).Counter("user=\"2\"", 7).Counter("user=\"3\"", 7).Counter("user=\"4\"", 1);
  const json families = Top(builder, {"jobs_total", "absent", "jobs_total"}, 3);
  ASSERT_EQ(families.size(), 1U) << "a name given twice is no reason to do it twice";
  EXPECT_EQ(families[0]["series"], 4);
  EXPECT_EQ(families[0]["total"], 20);
  EXPECT_EQ(families[0]["top"], json::parse(R"([{"labels": {"user": "2"}, "value": 7},
    {"labels": {"user": "3"}, "value": 7}, {"labels": {"user": "1"}, "value": 5}])"));
  EXPECT_EQ(Top(builder, {"jobs_total"}, 0)[0]["top"], json::array());
  EXPECT_EQ(Top(builder, {"jobs_total"}, 100)[0]["top"].size(), 4U);
}

TEST(FamiliesJsonTest, ValuesThatAreNoNumbersComeLastAndAreNotInTheTotal) {
  SnapshotBuilder builder;
  builder.Family("heat", MetricType::kGauge, GaugeMode::kPerWorker);
  builder.Number("", kNan, 1).Number("", -2, 2).Number("", kInfinity, 3).Number("", 4, 4);
  const json family = Top(builder, {"heat"}, 4)[0];
  EXPECT_EQ(family["total"], 2);
  EXPECT_EQ(family["top"], json::parse(R"([{"labels": {"worker": "3"}, "value": "+Inf"},
    {"labels": {"worker": "4"}, "value": 4}, {"labels": {"worker": "2"}, "value": -2},
    {"labels": {"worker": "1"}, "value": "NaN"}])"));
}

TEST(FamiliesJsonTest, HistogramsAreRankedByObservationsAndAddedUpBucketByBucket) {
  SnapshotBuilder builder;
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.1, 1});
  builder.Histogram("m=\"x\"", {{2, 0.1}, {1, 0.5}, {1, 3}}).Histogram("m=\"y\"", {{0, 0}, {5, 2.5}, {0, 0}});
  EXPECT_EQ(Top(builder, {"latency_seconds"}, 1)[0], json::parse(R"({
    "name": "latency_seconds", "type": "histogram", "unit": "", "description": "Help.", "series": 2,
    "total": {"count": 9, "sum": 6.1, "buckets": [
      {"le": "0.1", "count": 2}, {"le": "1.0", "count": 8}, {"le": "+Inf", "count": 9}]},
    "top": [{"labels": {"m": "y"}, "count": 5, "sum": 2.5}]})"));
}

TEST(FamiliesJsonTest, HostileTextStaysText) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter(R"(user="</script>\"\\\n")", 1);
  EXPECT_EQ(Top(builder, {"a_total"}, 1)[0]["top"][0]["labels"]["user"], "</script>\"\\\n");
}

}  // namespace
}  // namespace shmetrics::agent
