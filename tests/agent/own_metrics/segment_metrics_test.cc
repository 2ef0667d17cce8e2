#include "agent/own_metrics/segment_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::agent {
namespace {

using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const MetricBuilder& builder) { return shmetrics::testing::TextOf(builder.snapshot()); }

std::string SegmentText(const shm::SegmentSnapshot& segment, const std::string& path = "/none") {
  MetricBuilder builder;
  AddSegmentMetrics(segment, path, &builder);
  return TextOf(builder);
}

std::string WorkerText(const shm::Snapshot& segment, const shm::Exits& exits) {
  MetricBuilder builder;
  AddWorkerMetrics(segment, exits, &builder);
  return TextOf(builder);
}

std::string FamilyText(const shm::Snapshot& segment) {
  MetricBuilder builder;
  AddFamilyMetrics(segment, &builder);
  return TextOf(builder);
}

std::string RefusalText(const shm::Snapshot& segment) {
  MetricBuilder builder;
  AddRefusalMetrics(segment, &builder);
  return TextOf(builder);
}

TEST(SegmentMetricsTest, BesideEachLimitIsHowMuchOfItIsUsed) {
  shm::SegmentSnapshot segment{};
  segment.bytes = 1U << 28U;
  segment.committed_bytes = 12345;
  segment.slot_count = 1024;
  segment.series_limit = 200000;
  segment.family_series_limit = 10000;
  segment.series_count = 17;
  segment.family_count = 4;
  segment.leases = 21;
  segment.lease_limit = 22;
  segment.lease_entries = 23;
  segment.ledger_entries = 24;
  segment.ledger_forgotten = 26;
  segment.ledger_jumps = 27;
  segment.ledger_limit = 25;
  segment.mutex_recoveries = 26;
  segment.stripe_count = 6;
  const std::string text = SegmentText(segment);
  for (const char* sample :
       {"shmetrics_segment_limit_bytes 2.68435456e+08", "shmetrics_segment_committed_bytes 12345",
        "shmetrics_segment_stripes 6", "shmetrics_series 17", "shmetrics_series_limit 200000",
        "shmetrics_families 4", "shmetrics_family_limit 65536", "shmetrics_family_series_limit 10000",
        "shmetrics_worker_slots 1024", "shmetrics_leases 21", "shmetrics_lease_limit 22",
        "shmetrics_lease_entries 23", "shmetrics_ledger_entries 24", "shmetrics_ledger_limit 25",
        "shmetrics_ledger_forgotten_total 26", "shmetrics_ledger_clock_jumps_total 27",
        "shmetrics_mutex_recoveries_total 26"}) {
    EXPECT_THAT(text, HasSubstr('\n' + std::string(sample) + '\n'));
  }
}

TEST(SegmentMetricsTest, ASegmentHasAnIdAPathAndABeginning) {
  shm::SegmentSnapshot segment{};
  segment.id = {0x01, 0x23, 0xab};
  segment.created_unix_ns = 3'000'000'000;
  const std::string text = SegmentText(segment, "/a\"b");
  EXPECT_THAT(text, HasSubstr("shmetrics_segment_info{id=\"0123ab00000000000000000000000000\",layout=\""));
  EXPECT_THAT(text, HasSubstr(",path=\"/a\\\"b\"} 1\n"));
  EXPECT_THAT(SegmentText(segment, "/\xff"), HasSubstr(",path=\"\"} 1\n")) << "no scrape may be spoilt by it";
  EXPECT_THAT(text, HasSubstr("\nshmetrics_segment_created_timestamp_seconds 3\n"));
}

TEST(SegmentMetricsTest, RoomOnTheFileSystemIsShownIfItIsKnown) {
  EXPECT_THAT(SegmentText({}, "/dev/shm"), HasSubstr("\nshmetrics_segment_filesystem_avail_bytes "));
  EXPECT_THAT(SegmentText({}, "/dev/shm"), HasSubstr("\nshmetrics_segment_filesystem_size_bytes "));
  EXPECT_THAT(SegmentText({}, "/none"), Not(HasSubstr("filesystem")));
}

// Fault A15.
TEST(SegmentMetricsTest, WorkersAreCountedByLifeAndEnd) {
  shm::Snapshot segment{};
  segment.segment.worker_starts = 9;
  segment.workers = {{0, true, "", 1, 0, 1}, {1, false, "", 2, 0, 1}, {2, false, "", 3, 0, 1}};
  const std::string text = WorkerText(segment, {.ended = 5, .execs = 1, .unknown = 2, .losses = 1});
  EXPECT_THAT(text, HasSubstr("\nshmetrics_workers{state=\"alive\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_workers{state=\"dead\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_worker_starts_total 9\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_worker_exits_total{how=\"ended\"} 5\n"
                              "shmetrics_worker_exits_total{how=\"exec\"} 1\n"
                              "shmetrics_worker_exits_total{how=\"unknown\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_worker_losses_total 1\n"));
}

TEST(SegmentMetricsTest, FamiliesAreShownByTheirSeriesAndRefusals) {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 1).Counter("x=\"2\"", 1);
  builder.Family("b_total", MetricType::kCounter).snapshot.families.back().refused_series = 9;
  const std::string text = FamilyText(builder.snapshot);
  EXPECT_THAT(text, HasSubstr("shmetrics_family_series{family=\"a_total\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_family_refused_series_total{family=\"b_total\"} 9\n"));
  EXPECT_THAT(text, Not(HasSubstr("shmetrics_family_series{family=\"b_total\"}")));
  EXPECT_THAT(text, Not(HasSubstr("shmetrics_family_refused_series_total{family=\"a_total\"}")));
}

TEST(SegmentMetricsTest, OnlyTheLargest100FamiliesAreShownInTheOrderOfNames) {
  SnapshotBuilder builder;
  for (int i = 1000; i < 1150; ++i) {
    builder.Family("f" + std::to_string(i), MetricType::kGauge);
    for (int n = 0; n < (i < 1050 ? 1 : 2); ++n) builder.Number("x=\"" + std::to_string(n) + '"', 1);
  }
  const std::string text = FamilyText(builder.snapshot);
  EXPECT_EQ(std::ranges::count(text, '\n'), 102);
  EXPECT_THAT(text, HasSubstr("\nshmetrics_family_series{family=\"f1050\"} 2\n"
                              "shmetrics_family_series{family=\"f1051\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{family=\"f1149\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("f1049")));
}

TEST(SegmentMetricsTest, EveryReasonOfRefusalIsAlwaysThere) {
  shm::Snapshot segment{};
  for (std::size_t i = 0; i < shm::layout::kRefusals; ++i) segment.segment.refusals[i] = 10 + i;
  int count = 10;
  for (const char* reason : {"invalid_definition", "conflict", "name_collision", "invalid_labels",
                             "series_limit", "segment_full", "out_of_memory", "no_free_slot", "corrupt",
                             "lease_table_full", "ledger_full", "busy", "foreign_namespace", "unrecoverable",
                             "invalid_exemplar", "not_openable", "absent", "unknown", "not_followed"}) {
    const std::string series = "shmetrics_refusals_total{reason=\"" + std::string(reason) + "\"} ";
    EXPECT_THAT(RefusalText(segment), HasSubstr(series + std::to_string(count++) + '\n'));
    EXPECT_THAT(RefusalText({}), HasSubstr(series + "0\n"));
  }
}

TEST(SegmentMetricsTest, SkippedRecordsAreShownByKind) {
  shm::Snapshot segment{};
  segment.skipped = {1, 2, 3, 4, 5, 6, 7};
  const std::string text = RefusalText(segment);
  int count = 1;
  for (const char* kind : {"family", "series", "chain", "collision", "gauge", "lease", "exemplar"}) {
    EXPECT_THAT(text, HasSubstr("shmetrics_skipped_records_total{reason=\"" + std::string(kind) + "\"} " +
                                std::to_string(count++) + '\n'));
  }
}

}  // namespace
}  // namespace shmetrics::agent
