#include "agent/json/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using nlohmann::json;
using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

json Map(const shm::Snapshot& snapshot) {
  std::string text;
  WriteMetricsJson(snapshot, &text);
  return json::parse(text);
}

TEST(JsonTest, CounterFamilyHasItsSeriesAndStatsOverThem) {
  SnapshotBuilder builder;
  builder.Family("jobs_total", MetricType::kCounter).Counter("kind=\"a\"", 1).Counter("kind=\"b\"", 3);
  builder.snapshot.families[0].unit = "jobs";
  EXPECT_EQ(Map(builder.snapshot), json::parse(R"({"jobs_total": {
    "type": "counter", "description": "Help.", "unit": "jobs",
    "series": [{"labels": {"kind": "a"}, "value": 1}, {"labels": {"kind": "b"}, "value": 3}],
    "stats": {"count": 2, "sum": 4, "mean": 2, "median": 2, "min": 1, "max": 3, "stddev": 1.4142135623730951}}})"));
}

TEST(JsonTest, HistogramHasCumulativeBucketsAndStatsOverItsObservations) {
  SnapshotBuilder builder;
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.1, 1});
  builder.Histogram("m=\"x\"", {{2, 0.1}, {1, 0.5}, {1, 3}}).Histogram("m=\"y\"", {{0, 0}, {4, 2.4}, {0, 0}});
  const json family = Map(builder.snapshot)["latency_seconds"];
  EXPECT_EQ(family["type"], "histogram");
  EXPECT_EQ(family["series"][0], json::parse(R"({"labels": {"m": "x"}, "count": 4, "sum": 3.6, "buckets":
    [{"le": "0.1", "count": 2}, {"le": "1.0", "count": 3}, {"le": "+Inf", "count": 4}]})"));
  EXPECT_EQ(family["stats"], json::parse(R"({"count": 8, "sum": 6, "mean": 0.75,
    "median": null, "min": null, "max": null, "stddev": null})"));
}

TEST(JsonTest, HistogramWithoutObservationsHasNoMean) {
  SnapshotBuilder builder;
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {1})
      .Histogram("", {{0, 0}, {0, 0}});
  EXPECT_TRUE(Map(builder.snapshot)["latency_seconds"]["stats"]["mean"].is_null());
}

TEST(JsonTest, NumbersThatAReaderWouldRoundOrRefuseAreStrings) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("", std::uint64_t{1} << 53U);
  builder.Family("b_total", MetricType::kCounter).Counter("", (std::uint64_t{1} << 53U) + 1);
  builder.Family("c", MetricType::kGauge, GaugeMode::kLast)
      .Number("", std::numeric_limits<double>::quiet_NaN());
  builder.Family("d", MetricType::kGauge, GaugeMode::kLast)
      .Number("", -std::numeric_limits<double>::infinity());
  const json map = Map(builder.snapshot);
  EXPECT_EQ(map["a_total"]["series"][0]["value"], 9007199254740992);
  EXPECT_EQ(map["b_total"]["series"][0]["value"], "9007199254740993");
  EXPECT_EQ(map["c"]["series"][0]["value"], "NaN");
  EXPECT_EQ(map["c"]["stats"]["median"], "NaN");
  EXPECT_EQ(map["d"]["series"][0]["value"], "-Inf");
}

TEST(JsonTest, LabelValuesAreUnescapedAndEscapedAgainForJson) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("p=\"C:\\\\x\\n\\\"q\\\"\x01\",q=\"\xc3\xa4\"", 1);
  std::string text;
  WriteMetricsJson(builder.snapshot, &text);
  EXPECT_NE(text.find("\\u0001"), std::string::npos) << text;
  const json labels = json::parse(text)["a_total"]["series"][0]["labels"];
  EXPECT_EQ(labels["p"], "C:\\x\n\"q\"\x01");
  EXPECT_EQ(labels["q"], "\xc3\xa4");
}

TEST(JsonTest, PerWorkerGaugesNameTheirWorker) {
  SnapshotBuilder builder;
  builder.Family("threads", MetricType::kGauge, GaugeMode::kPerWorker).Number("pool=\"io\"", 4, 3);
  EXPECT_EQ(Map(builder.snapshot)["threads"]["series"][0]["labels"],
            json::parse(R"({"pool": "io", "worker": "3"})"));
}

TEST(JsonTest, TheDottedNamesOfAudioFamiliesSayWhatTheyMean) {
  SnapshotBuilder builder;
  builder.Family("audio_jobs_active", MetricType::kGauge, GaugeMode::kLeases);
  builder.Family("audio_quota_violations_total", MetricType::kCounter).Counter("type=\"daily_minutes\"", 3);
  builder.Family("audio_streaming_active", MetricType::kGauge, GaugeMode::kLeases).Number("user_id=\"1\"", 2);
  json map = Map(builder.snapshot);
  EXPECT_EQ(map.size(), 4U) << map;
  for (const auto& [alias, name] : {std::pair{"audio.streaming.active", "audio_streaming_active"},
                                    {"audio.quota_violations_total", "audio_quota_violations_total"}}) {
    json expected = map[name];
    EXPECT_FALSE(expected.contains("alias_of"));
    expected["alias_of"] = name;
    EXPECT_EQ(map[alias], expected);
  }
}

TEST(JsonTest, NothingToShowIsAnEmptyMap) {
  SnapshotBuilder builder;
  builder.Family("empty_total", MetricType::kCounter);
  EXPECT_EQ(Map(builder.snapshot), json::object());
}

TEST(JsonTest, DocumentIsTheMapAndTheTime) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("", 1);
  std::string text;
  WriteMetricsDocumentJson(builder.snapshot, 1'738'367'999'000'000'000, &text);
  const json document = json::parse(text);
  EXPECT_EQ(document["metrics"], Map(builder.snapshot));
  EXPECT_EQ(document["timestamp"], "2025-01-31T23:59:59.000Z");
}

}  // namespace
}  // namespace shmetrics::agent
