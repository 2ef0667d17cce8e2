#include "agent/history/ranked_series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::ElementsAre;

/// One family that is looked at again and again, as the history does.
class Watched {
 public:
  explicit Watched(std::size_t most, MetricType type = MetricType::kCounter,
                   GaugeMode mode = GaugeMode::kNone)
      : most_(most) {
    builder.Family("a", type, mode);
  }

  void Look(bool moved = false) {
    ++look_;
    room.table.Begin({static_cast<std::int64_t>(look_)});
    ranked.Update(builder.snapshot, family(), look_, moved, &room);
    ranked.ShrinkTo(most_, &room);
    scan_.Look(builder.snapshot,
               [this](std::size_t /*family*/, const ActivityScan::Offer& offer) { ranked.Consider(offer); });
    ranked.Admit(builder.snapshot, family(), look_, &room);
  }
  shm::FamilySnapshot& family() { return builder.snapshot.families[0]; }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const RankedSeries::Series& series : ranked.series()) names.push_back(series.name_and_labels);
    return names;
  }
  std::optional<double> ValueOf(std::size_t place) const {
    return room.table.At(ranked.series()[place].row, 0);
  }

  SnapshotBuilder builder;
  HistoryRoom room;
  RankedSeries ranked;

 private:
  const std::size_t most_;
  ActivityScan scan_;
  std::uint64_t look_ = 0;
};

TEST(RankedSeriesTest, TheMostActiveAreKeptAndComeFirst) {
  Watched watched(2);
  watched.builder.Counter("x=\"1\"", 900).Counter("x=\"2\"", 5).Counter("x=\"3\"", 7);
  watched.Look();
  EXPECT_THAT(watched.Names(), ElementsAre("a{x=\"1\"}", "a{x=\"3\"}")) << "at first the largest";
  watched.family().series[1].integer += 10;
  watched.family().series[2].integer += 3;
  watched.Look();
  EXPECT_THAT(watched.Names(), ElementsAre("a{x=\"2\"}", "a{x=\"3\"}"));
  EXPECT_EQ(watched.ValueOf(0), 15);
  EXPECT_EQ(watched.room.table.used_rows(), 2U);
}

TEST(RankedSeriesTest, ABurstIsKeptForAsLongAsTheTableReachesBack) {
  Watched watched(1);
  watched.builder.Counter("x=\"1\"", 0).Counter("x=\"2\"", 0);
  watched.Look();
  watched.family().series[1].integer += 1'000;
  watched.Look();
  for (std::size_t i = 1; i < RingTable::kColumns; ++i) {
    watched.family().series[0].integer += 10;
    watched.Look();
    ASSERT_THAT(watched.Names(), ElementsAre("a{x=\"2\"}")) << i;
  }
  for (int i = 0; i < 3; ++i) {
    watched.family().series[0].integer += 10;
    watched.Look();
  }
  EXPECT_THAT(watched.Names(), ElementsAre("a{x=\"1\"}"));
}

// Fault P2.
TEST(RankedSeriesTest, TenThousandAlikeSeriesDoNotChangePlaces) {
  Watched watched(1'000);
  for (int i = 0; i < 10'000; ++i) watched.builder.Counter("x=\"" + std::to_string(i) + '"', 0);
  std::mt19937 random(7);
  std::poisson_distribution<std::uint64_t> growth(100);
  const auto look = [&] {
    for (auto& series : watched.family().series) series.integer += growth(random);
    watched.Look();
  };
  for (int i = 0; i < 60; ++i) look();
  std::vector<std::string> shown = watched.Names();
  shown.resize(20);
  int changes = 0;
  for (int i = 0; i < 60; ++i) {
    look();
    std::vector<std::string> now = watched.Names();
    now.resize(20);
    if (now != shown) changes++;
    shown = now;
  }
  EXPECT_LE(changes, 5);
}

TEST(RankedSeriesTest, SeriesAreFoundAgainWhereverOthersComeOrGo) {
  Watched watched(5);
  for (int i = 0; i < 300; ++i) watched.builder.Counter("x=\"" + std::to_string(i) + '"', i);
  watched.Look();
  auto& series = watched.family().series;
  series.erase(series.begin(), series.begin() + 200);
  series.erase(series.end() - 2);
  for (auto& one : series) one.integer += 1'000;
  for (int i = 0; i < 13; ++i) watched.Look();  // a walk over the whole family comes now and then
  for (std::size_t place = 0; place < 5; ++place) {
    const std::string name = watched.Names()[place];
    const std::optional<double> value = std::stod(name.substr(5)) + 1'000;
    const bool is_gone = name == "a{x=\"298\"}";
    EXPECT_EQ(watched.ValueOf(place), is_gone ? std::nullopt : value) << name;
  }
}

TEST(RankedSeriesTest, OtherAddressesAfterAReplacedSegmentAreTheSameSeries) {
  Watched watched(3);
  watched.builder.Counter("x=\"1\"", 1).Counter("x=\"2\"", 2).Counter("x=\"3\"", 3);
  watched.Look();
  const std::vector<std::string> before = watched.Names();
  std::ranges::reverse(watched.family().series);
  watched.Look(true);
  EXPECT_EQ(watched.Names(), before);
  EXPECT_EQ(watched.ValueOf(0), 3);
  EXPECT_EQ(watched.room.table.At(watched.ranked.series()[0].row, 1), 3) << "and what was known of it";
}

TEST(RankedSeriesTest, WorkersOfOneSeriesAreToldApart) {
  Watched watched(4, MetricType::kGauge, GaugeMode::kPerWorker);
  watched.builder.Number("", 1, 1).Number("", 2, 2).Number("", 3, 3);
  watched.Look();
  ASSERT_EQ(watched.ranked.series().size(), 3U);
  EXPECT_EQ(watched.ranked.series()[0].worker, 3);
  watched.family().series.erase(watched.family().series.begin());
  watched.Look();
  EXPECT_EQ(watched.ValueOf(0), 3);
  EXPECT_EQ(watched.ValueOf(2), std::nullopt);
}

TEST(RankedSeriesTest, ASeriesThatIsGoneForLongIsGivenUpWithAllItTook) {
  Watched watched(4);
  watched.builder.Counter("x=\"1\"", 1);
  watched.Look();
  EXPECT_GT(watched.room.text_bytes, 0U);
  watched.family().series.clear();
  for (std::size_t i = 1; i < RingTable::kColumns; ++i) watched.Look();
  EXPECT_EQ(watched.ranked.series().size(), 1U);
  watched.Look();
  EXPECT_EQ(watched.ranked.series().size(), 0U);
  EXPECT_EQ(watched.room.text_bytes, 0U);
  EXPECT_EQ(watched.room.table.used_rows(), 0U);
}

TEST(RankedSeriesTest, NumbersThatAreNoneTakeNobodysPlaceForGood) {
  Watched watched(1, MetricType::kGauge, GaugeMode::kSum);
  watched.builder.Number("x=\"1\"", std::nan(""));
  watched.Look();
  EXPECT_THAT(watched.Names(), ElementsAre("a{x=\"1\"}"));
  watched.builder.Number("x=\"2\"", -1e308);
  watched.Look();
  EXPECT_THAT(watched.Names(), ElementsAre("a{x=\"2\"}"));
  watched.builder.Number("x=\"3\"", 1e308);
  watched.Look();
  EXPECT_THAT(watched.Names(), ElementsAre("a{x=\"3\"}"));
}

}  // namespace
}  // namespace shmetrics::agent
