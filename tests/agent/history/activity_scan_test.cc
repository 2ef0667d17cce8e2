#include "agent/history/activity_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

/// The largest activity that was offered of each series, by family and index.
using Offers = std::map<std::pair<std::size_t, std::uint32_t>, double>;

Offers Look(ActivityScan* scan, const SnapshotBuilder& builder) {
  Offers offers;
  scan->Look(builder.snapshot, [&](std::size_t family, const ActivityScan::Offer& offer) {
    double& activity = offers.try_emplace({family, offer.series}, offer.activity).first->second;
    activity = std::max(activity, offer.activity);
  });
  return offers;
}

SnapshotBuilder Three() {
  SnapshotBuilder builder;
  builder.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 1ULL << 40U).Counter("x=\"2\"", 5);
  builder.Family("heat", MetricType::kGauge, GaugeMode::kSum).Number("", -3);
  builder.Family("wait_seconds", MetricType::kHistogram, GaugeMode::kNone, {1})
      .Histogram("", {{3, 1.0}, {4, 9.0}});
  return builder;
}

TEST(ActivityScanTest, CountersAndHistogramsGrowAndGaugesAreAsLargeAsTheyAre) {
  ActivityScan scan;
  SnapshotBuilder builder = Three();
  EXPECT_EQ(Look(&scan, builder), (Offers{{{0, 0}, 0}, {{0, 1}, 0}, {{1, 0}, -3}, {{2, 0}, 0}}));
  builder.snapshot.families[0].series[0].integer += 1'000'001;
  builder.snapshot.families[1].series[0].number = 8;
  builder.snapshot.buckets[1].count += 2;
  EXPECT_EQ(Look(&scan, builder), (Offers{{{0, 0}, 1'000'001}, {{0, 1}, 0}, {{1, 0}, 8}, {{2, 0}, 2}}));
}

TEST(ActivityScanTest, ASeriesThatTookThePlaceOfAnotherIsNotComparedWithIt) {
  ActivityScan scan;
  SnapshotBuilder builder = Three();
  Look(&scan, builder);
  auto& series = builder.snapshot.families[0].series;
  series.erase(series.begin());
  series.front().integer = 900;
  EXPECT_EQ(Look(&scan, builder).at({0, 0}), 0);
  builder.snapshot.families.erase(builder.snapshot.families.begin());
  EXPECT_EQ(Look(&scan, builder).size(), 2U) << "all families stand elsewhere";
  builder.snapshot.families.clear();
  EXPECT_EQ(Look(&scan, builder).size(), 0U);
}

TEST(ActivityScanTest, MoreSeriesThanItRemembersAreLookedAtInTurns) {
  ActivityScan scan;
  SnapshotBuilder builder;
  const std::uint32_t count = 2 * ActivityScan::kSliceSeries + 10;
  builder.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 0);
  auto& series = builder.snapshot.families[0].series;
  series.resize(count, series.front());
  Offers grown;
  for (int i = 0; i < 8; ++i) {
    std::size_t looked_at = 0;
    scan.Look(builder.snapshot, [&](std::size_t family, const ActivityScan::Offer& offer) {
      looked_at++;
      if (offer.activity > 0) grown[{family, offer.series}] = offer.activity;
    });
    EXPECT_LE(looked_at, 2 * ActivityScan::kSliceSeries);
    for (auto& one : series) one.integer += 3;
  }
  EXPECT_EQ(grown.size(), count);
  for (const auto& [which, activity] : grown) ASSERT_EQ(activity, 3) << which.second;
}

TEST(ActivityScanTest, ValuesThatAreNoNumbersAreNotActive) {
  ActivityScan scan;
  SnapshotBuilder builder;
  builder.Family("a", MetricType::kGauge, GaugeMode::kSum).Number("", std::nan(""));
  builder.Family("b_total", MetricType::kFractionalCounter).Number("", 1.5);
  Look(&scan, builder);
  builder.snapshot.families[1].series[0].number = std::nan("");
  const Offers offers = Look(&scan, builder);
  EXPECT_EQ(offers.at({0, 0}), -std::numeric_limits<double>::infinity());
  EXPECT_EQ(offers.at({1, 0}), 0);
}

}  // namespace
}  // namespace shmetrics::agent
