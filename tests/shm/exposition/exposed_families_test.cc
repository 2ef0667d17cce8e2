#include "shm/exposition/exposed_families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/exposition/exposition.h"
#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using shmetrics::testing::TextOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SnapshotBuilder Audio() {
  SnapshotBuilder builder;
  builder.Family("audio_quota_violations_total", MetricType::kCounter).Counter("type=\"x\"", 7);
  builder.Family("audio_streaming_active", MetricType::kGauge, GaugeMode::kLeases);
  builder.Number("user_id=\"1\"", 3).Number("", 4);
  return builder;
}

std::vector<std::string> Names(const std::vector<const Snapshot*>& snapshots,
                               Escaping escaping = Escaping::kUnderscores) {
  std::vector<std::string> names;
  const ExposedFamilies families(snapshots, escaping, testing::kTestAliases);
  for (const ExposedFamily& exposed : families.list()) names.emplace_back(exposed.name);
  return names;
}

TEST(ExposedFamiliesTest, AliasesStandBehindTheirFamilyByTheSchemeThatWasNegotiated) {
  const SnapshotBuilder builder = Audio();
  EXPECT_THAT(Names({&builder.snapshot}),
              ElementsAre("audio_quota_violations_total", "audio_streaming_active"));
  EXPECT_THAT(Names({&builder.snapshot}, Escaping::kDots),
              ElementsAre("audio_quota_violations_total", "audio_dot_quota__violations__total",
                          "audio_streaming_active", "audio_dot_streaming_dot_active"));
  EXPECT_THAT(Names({&builder.snapshot}, Escaping::kValues),
              ElementsAre("audio_quota_violations_total", "U__audio_2e_quota__violations__total",
                          "audio_streaming_active", "U__audio_2e_streaming_2e_active"));
  EXPECT_THAT(Names({&builder.snapshot}, Escaping::kAllowUtf8),
              ElementsAre("audio_quota_violations_total", "audio.quota_violations_total",
                          "audio_streaming_active", "audio.streaming.active"));
}

TEST(ExposedFamiliesTest, DottedNamesAreQuotedAndStandWithinTheBraces) {
  EXPECT_EQ(TextOf(Audio().snapshot, {Format::kText100, Escaping::kAllowUtf8}),
            "# HELP audio_quota_violations_total Help.\n"
            "# TYPE audio_quota_violations_total counter\n"
            "audio_quota_violations_total{type=\"x\"} 7\n"
            "# HELP \"audio.quota_violations_total\" Help.\n"
            "# TYPE \"audio.quota_violations_total\" counter\n"
            "{\"audio.quota_violations_total\",type=\"x\"} 7\n"
            "# HELP audio_streaming_active Help.\n"
            "# TYPE audio_streaming_active gauge\n"
            "audio_streaming_active{user_id=\"1\"} 3\n"
            "audio_streaming_active 4\n"
            "# HELP \"audio.streaming.active\" Help.\n"
            "# TYPE \"audio.streaming.active\" gauge\n"
            "{\"audio.streaming.active\",user_id=\"1\"} 3\n"
            "{\"audio.streaming.active\"} 4\n");
}

TEST(ExposedFamiliesTest, InOpenMetricsTheTypeOfAnAliasedCounterLacksItsSuffix) {
  const SnapshotBuilder builder = Audio();
  EXPECT_THAT(TextOf(builder.snapshot, {Format::kOpenMetrics100, Escaping::kAllowUtf8}),
              HasSubstr("# TYPE \"audio.quota_violations\" counter\n"
                        "# HELP \"audio.quota_violations\" Help.\n"
                        "{\"audio.quota_violations_total\",type=\"x\"} 7\n"));
  EXPECT_THAT(TextOf(builder.snapshot, {Format::kOpenMetrics100, Escaping::kDots}),
              HasSubstr("# TYPE audio_dot_quota__violations_ counter\n"
                        "# HELP audio_dot_quota__violations_ Help.\n"
                        "audio_dot_quota__violations__total{type=\"x\"} 7\n"));
}

TEST(ExposedFamiliesTest, AnAliasOfAHistogramOrAPerWorkerGaugeIsWhole) {
  SnapshotBuilder builder;
  builder.Family("audio_jobs_active", MetricType::kHistogram, GaugeMode::kNone, {1});
  builder.Histogram("", {{1, 1}, {0, 0}});
  builder.Family("audio_streaming_active", MetricType::kGauge, GaugeMode::kPerWorker).Number("", 5, 17);
  const std::string text = TextOf(builder.snapshot, {Format::kText100, Escaping::kAllowUtf8});
  EXPECT_THAT(text, HasSubstr("{\"audio.jobs.active_bucket\",le=\"1.0\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{\"audio.jobs.active_sum\"} 1\n{\"audio.jobs.active_count\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("{\"audio.streaming.active\",worker=\"17\"} 5\n"));
}

TEST(ExposedFamiliesTest, AnAliasWhoseEscapedNameIsTakenIsDropped) {
  SnapshotBuilder builder;
  builder.Family("audio_dot_streaming_dot_active", MetricType::kGauge).Number("", 1);
  builder.Family("audio_streaming_active", MetricType::kGauge).Number("", 3);
  EXPECT_THAT(Names({&builder.snapshot}, Escaping::kDots),
              ElementsAre("audio_dot_streaming_dot_active", "audio_streaming_active"));
  SnapshotBuilder sample;
  sample.Family("U__audio_2e_streaming_2e_active_total", MetricType::kCounter).Counter("", 1);
  sample.Family("audio_streaming_active", MetricType::kGauge).Number("", 3);
  EXPECT_THAT(Names({&sample.snapshot}, Escaping::kValues),
              ElementsAre("U__audio_2e_streaming_2e_active_total", "audio_streaming_active"));
  EXPECT_THAT(Names({&sample.snapshot}, Escaping::kDots),
              ElementsAre("U__audio_2e_streaming_2e_active_total", "audio_streaming_active",
                          "audio_dot_streaming_dot_active"));
  SnapshotBuilder own;  // a later snapshot, whose names are in no order
  own.Family("z", MetricType::kGauge).Number("", 1);
  own.Family("audio_dot_streaming_dot_active", MetricType::kGauge).Number("", 1);
  EXPECT_THAT(Names({&sample.snapshot, &own.snapshot}, Escaping::kDots),
              ElementsAre("U__audio_2e_streaming_2e_active_total", "audio_streaming_active", "z",
                          "audio_dot_streaming_dot_active"));
}

TEST(ExposedFamiliesTest, NoNameStandsThereTwice) {
  SnapshotBuilder workers;
  workers.Family("process_cpu_seconds_total", MetricType::kCounter).Counter("", 1);
  workers.Family("process_h", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("", {{0, 0}, {0, 0}});
  SnapshotBuilder own;
  own.Family("process_up", MetricType::kGauge).Number("", 1);
  own.Family("process_cpu_seconds_total", MetricType::kFractionalCounter).Number("", 2);
  own.Family("process_h_count", MetricType::kGauge).Number("", 2);
  EXPECT_THAT(Names({&workers.snapshot, &own.snapshot}),
              ElementsAre("process_cpu_seconds_total", "process_h", "process_up"));
}

TEST(ExposedFamiliesTest, FamiliesWithoutSeriesAreNotShown) {
  SnapshotBuilder builder;
  builder.Family("audio_streaming_active", MetricType::kGauge, GaugeMode::kLeases);
  builder.Family("b", MetricType::kGauge).Number("", 1);
  EXPECT_THAT(Names({&builder.snapshot}, Escaping::kAllowUtf8), ElementsAre("b"));
}

}  // namespace
}  // namespace shmetrics::shm
