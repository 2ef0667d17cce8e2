#include "agent/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/version.h"
#include "tests/agent/snapshot_builder.h"
#include "tests/agent/text_of.h"

namespace shmetrics::agent {
namespace {

using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Text(const shm::Snapshot& segment, bool is_attached) {
  return shmetrics::testing::TextOf(SelfMetrics(segment, is_attached, 7).snapshot());
}

TEST(SelfMetricsTest, WithoutASegmentTheAgentSaysThatItIsNotUp) {
  const std::string text = Text(shm::Snapshot{}, false);
  EXPECT_THAT(text, HasSubstr("\nshmetrics_up 0\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_scrapes_total 7\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_build_info{version=\"" + std::string(kVersion) + "\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("shmetrics_segment_limit_bytes")));
}

TEST(SelfMetricsTest, TheSegmentsSizesAndLimitsAreShown) {
  shm::Snapshot segment{};
  segment.segment.bytes = 1U << 28U;
  segment.segment.committed_bytes = 12345;
  segment.segment.slot_count = 1024;
  segment.segment.series_limit = 200000;
  segment.segment.series_count = 17;
  segment.segment.family_count = 4;
  segment.segment.leases = 21;
  segment.segment.lease_limit = 22;
  segment.segment.lease_entries = 23;
  segment.segment.ledger_entries = 24;
  segment.segment.ledger_limit = 25;
  segment.segment.mutex_recoveries = 26;
  segment.segment.worker_starts = 9;
  segment.workers = {{0, true, "", 1, 0, 1}, {1, false, "", 2, 0, 1}, {2, false, "", 3, 0, 1}};
  const std::string text = Text(segment, true);
  EXPECT_THAT(text, HasSubstr("\nshmetrics_up 1\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_segment_limit_bytes 2.68435456e+08\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_segment_committed_bytes 12345\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_series 17\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_series_limit 200000\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_families 4\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_worker_slots 1024\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_leases 21\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_lease_limit 22\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_lease_entries 23\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_ledger_entries 24\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_ledger_limit 25\n"));
  EXPECT_THAT(
      text,
      HasSubstr("# TYPE shmetrics_mutex_recoveries_total counter\nshmetrics_mutex_recoveries_total 26\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_workers{state=\"alive\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_workers{state=\"dead\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_worker_starts_total 9\n"));
}

TEST(SelfMetricsTest, EveryReasonOfRefusalIsAlwaysThere) {
  shm::Snapshot segment{};
  segment.segment.refusals = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};
  const std::string text = Text(segment, true);
  int count = 10;
  for (const char* reason :
       {"invalid_definition", "conflict", "name_collision", "invalid_labels", "series_limit", "segment_full",
        "out_of_memory", "no_free_slot", "corrupt", "lease_table_full", "ledger_full", "busy",
        "foreign_namespace", "unrecoverable"}) {
    const std::string series = "shmetrics_refusals_total{reason=\"" + std::string(reason) + "\"} ";
    EXPECT_THAT(text, HasSubstr(series + std::to_string(count++) + '\n'));
    EXPECT_THAT(Text(shm::Snapshot{}, false), HasSubstr(series + "0\n"));
  }
}

TEST(SelfMetricsTest, OnlyFamiliesThatMetALimitAreNamed) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter);
  builder.Family("b_total", MetricType::kCounter).snapshot.families.back().refused_series = 9;
  const std::string text = Text(builder.snapshot, true);
  EXPECT_THAT(text, HasSubstr("shmetrics_family_refused_series_total{family=\"b_total\"} 9\n"));
  EXPECT_THAT(text, Not(HasSubstr("a_total")));
}

TEST(SelfMetricsTest, SkippedRecordsAreShownByKind) {
  shm::Snapshot segment{};
  segment.skipped = {1, 2, 3, 4, 5, 6};
  const std::string text = Text(segment, true);
  EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"family\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"series\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"chain\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"collision\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"gauge\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"lease\"} 6\n"));
}

}  // namespace
}  // namespace shmetrics::agent
