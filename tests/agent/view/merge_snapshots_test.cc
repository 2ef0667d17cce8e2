#include "agent/view/merge_snapshots.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

/// The sample lines of the merged snapshot.
std::string Merged(const SnapshotBuilder& older, SnapshotBuilder* newer) {
  MergeSnapshots(older.snapshot, &newer->snapshot);
  const std::string text = shmetrics::testing::TextOf(newer->snapshot);
  std::string samples;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = text.find('\n', begin);
    if (text[begin] != '#') samples += text.substr(begin, end + 1 - begin);
  }
  return samples;
}

TEST(MergeSnapshotsTest, CountersOfEqualLabelsAddUpAndOthersAreKept) {
  SnapshotBuilder older;
  older.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 10).Counter("x=\"2\"", 20);
  SnapshotBuilder newer;
  newer.Family("a_total", MetricType::kCounter).Counter("x=\"3\"", 3).Counter("x=\"1\"", 1);
  EXPECT_EQ(Merged(older, &newer), "a_total{x=\"3\"} 3\na_total{x=\"1\"} 11\na_total{x=\"2\"} 20\n");
}

TEST(MergeSnapshotsTest, FractionalCountersAddUp) {
  SnapshotBuilder older;
  older.Family("a_total", MetricType::kFractionalCounter).Number("", 0.25);
  SnapshotBuilder newer;
  newer.Family("a_total", MetricType::kFractionalCounter).Number("", 1.5);
  EXPECT_EQ(Merged(older, &newer), "a_total 1.75\n");
}

TEST(MergeSnapshotsTest, HistogramsOfEqualBoundsAddUpBucketByBucket) {
  SnapshotBuilder older;
  older.Family("h", MetricType::kHistogram, GaugeMode::kNone, {1});
  older.Histogram("x=\"2\"", {{7, 3.5}, {0, 0}}).Histogram("x=\"1\"", {{1, 0.5}, {2, 8}});
  SnapshotBuilder newer;
  newer.Family("h", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("x=\"1\"", {{10, 5}, {20, 80}});
  EXPECT_EQ(Merged(older, &newer),
            "h_bucket{x=\"1\",le=\"1.0\"} 11\nh_bucket{x=\"1\",le=\"+Inf\"} 33\n"
            "h_sum{x=\"1\"} 93.5\nh_count{x=\"1\"} 33\n"
            "h_bucket{x=\"2\",le=\"1.0\"} 7\nh_bucket{x=\"2\",le=\"+Inf\"} 7\n"
            "h_sum{x=\"2\"} 3.5\nh_count{x=\"2\"} 7\n");
}

TEST(MergeSnapshotsTest, FamiliesOnlyInTheOlderAppearInTheOrderOfNames) {
  SnapshotBuilder older;
  older.Family("a_total", MetricType::kCounter).Counter("", 1);
  older.Family("c", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("", {{1, 0.5}, {0, 0}});
  SnapshotBuilder newer;
  newer.Family("b_total", MetricType::kCounter).Counter("", 2);
  newer.Family("d", MetricType::kHistogram, GaugeMode::kNone, {}).Histogram("", {{9, 90}});
  EXPECT_EQ(Merged(older, &newer),
            "a_total 1\nb_total 2\n"
            "c_bucket{le=\"1.0\"} 1\nc_bucket{le=\"+Inf\"} 1\nc_sum 0.5\nc_count 1\n"
            "d_bucket{le=\"+Inf\"} 9\nd_sum 90\nd_count 9\n");
}

TEST(MergeSnapshotsTest, GaugesJoinByTheirMode) {
  SnapshotBuilder older;
  SnapshotBuilder newer;
  const struct {
    const char* name;
    GaugeMode mode;
  } gauges[] = {{"a_sum", GaugeMode::kSum},
                {"b_min", GaugeMode::kMin},
                {"c_max", GaugeMode::kMax},
                {"d_most_recent", GaugeMode::kMostRecent},
                {"e_last", GaugeMode::kLast}};
  for (const auto& gauge : gauges) {
    older.Family(gauge.name, MetricType::kGauge, gauge.mode).Number("", 5);
    newer.Family(gauge.name, MetricType::kGauge, gauge.mode).Number("", 3);
  }
  EXPECT_EQ(Merged(older, &newer), "a_sum 8\nb_min 3\nc_max 5\nd_most_recent 3\ne_last 3\n");
}

// Fault L16.
TEST(MergeSnapshotsTest, TheLatestOfTwoSegmentsIsShownWhicheverOfThemHasIt) {
  for (const GaugeMode mode : {GaugeMode::kMostRecent, GaugeMode::kLast}) {
    SnapshotBuilder older;
    SnapshotBuilder newer;
    older.Family("a", MetricType::kGauge, mode).Number("", 5);
    older.Family("b", MetricType::kGauge, mode).Number("", 5);
    newer.Family("a", MetricType::kGauge, mode).Number("", 3);
    newer.Family("b", MetricType::kGauge, mode).Number("", 3);
    older.snapshot.families[0].series[0].ticket = 8;
    newer.snapshot.families[0].series[0].ticket = 7;
    older.snapshot.families[1].series[0].ticket = 7;
    newer.snapshot.families[1].series[0].ticket = 8;
    EXPECT_EQ(Merged(older, &newer), "a 5\nb 3\n");
  }
}

TEST(MergeSnapshotsTest, PerWorkerGaugesAreToldApartByTheirWorker) {
  SnapshotBuilder older;
  older.Family("g", MetricType::kGauge, GaugeMode::kPerWorker).Number("", 1, 0).Number("", 2, 1);
  SnapshotBuilder newer;
  newer.Family("g", MetricType::kGauge, GaugeMode::kPerWorker).Number("", 9, 0);
  newer.snapshot.segment.slot_count = 64;
  EXPECT_EQ(Merged(older, &newer), "g{worker=\"0\"} 9\ng{worker=\"64\"} 1\ng{worker=\"65\"} 2\n");
}

TEST(MergeSnapshotsTest, TheNewerOfTwoDefinitionsStands) {
  SnapshotBuilder older;
  older.Family("a", MetricType::kGauge, GaugeMode::kSum).Number("", 5);
  older.Family("b", MetricType::kHistogram, GaugeMode::kNone, {1, 2}).Histogram("", {{1, 1}, {1, 1}, {1, 1}});
  older.Family("c", MetricType::kGauge, GaugeMode::kMin).Number("", 5);
  SnapshotBuilder newer;
  newer.Family("a", MetricType::kFractionalCounter).Number("", 1);
  newer.Family("b", MetricType::kHistogram, GaugeMode::kNone, {1, 3}).Histogram("", {{0, 0}, {0, 0}, {0, 0}});
  newer.Family("c", MetricType::kGauge, GaugeMode::kMax).Number("", 1);
  EXPECT_EQ(Merged(older, &newer),
            "a 1\nb_bucket{le=\"1.0\"} 0\nb_bucket{le=\"3.0\"} 0\nb_bucket{le=\"+Inf\"} 0\nb_sum 0\nb_count "
            "0\nc 1\n");
}

TEST(MergeSnapshotsTest, AnOlderFamilyWhoseSamplesTheNewerExposesIsLeftOut) {
  SnapshotBuilder older;
  older.Family("h_count", MetricType::kGauge, GaugeMode::kSum).Number("", 5);
  SnapshotBuilder newer;
  newer.Family("h", MetricType::kHistogram, GaugeMode::kNone, {}).Histogram("", {{1, 1}});
  EXPECT_EQ(Merged(older, &newer), "h_bucket{le=\"+Inf\"} 1\nh_sum 1\nh_count 1\n");
}

TEST(MergeSnapshotsTest, EachBucketKeepsTheLaterExemplarAndEachSeriesTheOlderBeginning) {
  const std::vector<shm::BucketSnapshot> buckets = {{1, 1}, {1, 2}, {1, 3}};
  SnapshotBuilder older;
  older.Family("h", MetricType::kHistogram, GaugeMode::kNone, {1, 2});
  older.Histogram("x=\"1\"", buckets).Created(100);
  older.Exemplar(0, "old0", 1, 500).Exemplar(1, "old1", 2, 500);
  older.Histogram("x=\"2\"", buckets).Created(200).Exemplar(2, "only_old", 3, 1);
  SnapshotBuilder newer;
  newer.Family("h", MetricType::kHistogram, GaugeMode::kNone, {1, 2});
  newer.Histogram("x=\"3\"", buckets).Created(1'000).Exemplar(1, "only_new", 2, 1);
  newer.Histogram("x=\"1\"", buckets).Created(1'000);
  newer.Exemplar(1, "new1", 2, 600).Exemplar(2, "new2", 3, 400);
  MergeSnapshots(older.snapshot, &newer.snapshot);
  const auto exemplars_of = [&](std::size_t series) {
    const shm::SeriesSnapshot& merged = newer.snapshot.families[0].series[series];
    std::string text;
    for (std::uint32_t i = 0; i < merged.exemplar_count; i++) {
      const shm::ExemplarSnapshot& exemplar = newer.snapshot.exemplars[merged.first_exemplar + i];
      text += std::to_string(exemplar.bucket) + "=" + exemplar.labels + " ";
    }
    return text + std::to_string(merged.created_unix_ns);
  };
  ASSERT_EQ(newer.snapshot.families[0].series.size(), 3U);
  EXPECT_EQ(exemplars_of(0), "1=only_new 1000");
  EXPECT_EQ(exemplars_of(1), "0=old0 1=new1 2=new2 100");
  EXPECT_EQ(exemplars_of(2), "2=only_old 200");
}

TEST(MergeSnapshotsTest, InfosAreOneAndKeepTheirNamesToThemselves) {
  SnapshotBuilder older;
  older.Family("a", MetricType::kGauge, GaugeMode::kSum).Number("", 5);
  older.Family("b_info", MetricType::kGauge, GaugeMode::kInfo).Number("v=\"1\"", 1).Number("v=\"2\"", 1);
  SnapshotBuilder newer;
  newer.Family("a_info", MetricType::kGauge, GaugeMode::kInfo).Number("v=\"1\"", 1);
  newer.Family("b_info", MetricType::kGauge, GaugeMode::kInfo).Number("v=\"1\"", 1);
  EXPECT_EQ(Merged(older, &newer), "a_info{v=\"1\"} 1\nb_info{v=\"1\"} 1\nb_info{v=\"2\"} 1\n");
}

TEST(MergeSnapshotsTest, RefusalsAddUpAndOnlyTheLivingWorkersOfTheOlderAreListed) {
  SnapshotBuilder older;
  older.snapshot.segment.refusals[2] = 5;
  older.snapshot.workers.push_back({0, true, "old", 1, 0, 1});
  older.snapshot.workers.push_back({1, false, "dead", 2, 0, 1});
  SnapshotBuilder newer;
  newer.snapshot.segment.refusals[2] = 1;
  older.snapshot.segment.worker_starts = 7;
  newer.snapshot.segment.worker_starts = 2;
  older.snapshot.segment.exits = {.ended = 1, .execs = 2, .unknown = 3, .losses = 1};
  newer.snapshot.segment.exits = {.ended = 1};
  newer.snapshot.segment.slot_count = 64;
  newer.snapshot.workers.push_back({0, true, "new", 3, 0, 1});
  MergeSnapshots(older.snapshot, &newer.snapshot);
  EXPECT_EQ(newer.snapshot.segment.refusals[2], 6U);
  EXPECT_EQ(newer.snapshot.segment.worker_starts, 9U);
  EXPECT_EQ(newer.snapshot.segment.exits.ended, 2U);
  EXPECT_EQ(newer.snapshot.segment.exits.losses, 1U);
  ASSERT_EQ(newer.snapshot.workers.size(), 2U);
  EXPECT_EQ(newer.snapshot.workers[0].name, "new");
  EXPECT_EQ(newer.snapshot.workers[1].name, "old");
  EXPECT_EQ(newer.snapshot.workers[1].slot, 64U) << "it is another slot 0 than the newer segment's";
}

std::chrono::nanoseconds TimeToMerge(const std::vector<std::string>& labels) {
  SnapshotBuilder older, newer;
  older.Family("a_total", MetricType::kCounter);
  newer.Family("a_total", MetricType::kCounter);
  for (const std::string& label : labels) {
    older.Counter(label, 1);
    newer.Counter(label, 1);
  }
  const auto begin = std::chrono::steady_clock::now();
  MergeSnapshots(older.snapshot, &newer.snapshot);
  return std::chrono::steady_clock::now() - begin;
}

// Fault L11.
TEST(MergeSnapshotsTest, LabelsChosenToMeetInOneChainCostWhatOthersCost) {
  constexpr std::size_t kSeries = 4'000;
  std::unordered_map<std::string, int> sized;
  sized.reserve(kSeries);
  std::vector<std::string> chosen, others;
  for (int i = 0; chosen.size() < kSeries; i++) {
    std::string label = "u=\"" + std::to_string(i) + '"';
    if (others.size() < kSeries) others.push_back(label);
    const std::string text = "a_total{" + label + '}';
    if (std::hash<std::string>{}(text) % sized.bucket_count() == 0) chosen.push_back(std::move(label));
  }
  // In one chain it would be hundreds of times as much.
  EXPECT_LE(TimeToMerge(chosen), 20 * TimeToMerge(others));
}

}  // namespace
}  // namespace shmetrics::agent
