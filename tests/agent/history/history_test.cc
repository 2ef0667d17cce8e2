#include "agent/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client-lib/audio/definitions.h"
#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::ElementsAre;

constexpr std::int64_t kStepNs = std::chrono::nanoseconds(History::kStep).count();
constexpr auto kNothing = std::nullopt;
using Values = std::vector<std::optional<double>>;

class HistoryTest : public ::testing::Test {
 protected:
  void Look(std::int64_t steps = 1) { history_.Add(&builder_.snapshot, now_ += steps * kStepNs); }

  /// The newest values of a row, the oldest of them first.
  Values Row(RingTable::Row row, std::size_t count) const {
    Values values;
    for (std::size_t age = count; age-- > 0;) values.push_back(history_.table().At(row, age));
    return values;
  }
  Values Totals(const std::string& family, std::size_t count) const {
    return Row(history_.families().find(family)->second.total, count);
  }

  SnapshotBuilder builder_;
  History history_;
  std::int64_t now_ = 1'000'000;
};

TEST_F(HistoryTest, ItRemembersTotalsAndSeriesOfEveryType) {
  builder_.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 1).Counter("x=\"2\"", 2);
  builder_.Family("b_total", MetricType::kFractionalCounter).Number("", 0.5);
  builder_.Family("c", MetricType::kGauge, GaugeMode::kMax)
      .Number("x=\"1\"", std::nan(""))
      .Number("x=\"2\"", 4);
  builder_.Family("d_seconds", MetricType::kHistogram, GaugeMode::kNone, {1, 2});
  builder_.Histogram("x=\"1\"", {{1, 0.5}, {2, 3}, {1, 9}}).Histogram("x=\"2\"", {{1, 0.5}, {0, 0}, {0, 0}});
  builder_.Family("e", MetricType::kGauge, GaugeMode::kSum);
  Look();
  builder_.snapshot.families[0].series[1].integer = 12;
  Look();
  EXPECT_EQ(Totals("a_total", 2), (Values{3, 13}));
  EXPECT_EQ(Totals("b_total", 1), (Values{0.5}));
  EXPECT_EQ(Totals("c", 1), (Values{4})) << "NaN would spoil it";
  EXPECT_EQ(Totals("e", 1), (Values{kNothing})) << "nobody has set it, which is not 0";
  const History::Family& histogram = history_.families().find("d_seconds")->second;
  EXPECT_EQ(Row(histogram.total, 1), (Values{5}));
  EXPECT_EQ(Row(*histogram.sum, 1), (Values{13}));
  ASSERT_EQ(histogram.buckets.size(), 2U);
  EXPECT_EQ(Row(histogram.buckets[0], 1), (Values{2}));
  EXPECT_EQ(Row(histogram.buckets[1], 1), (Values{4}));
  const auto& series = history_.families().find("a_total")->second.ranked.series();
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[0].name_and_labels, "a_total{x=\"2\"}") << "the one that grew";
  EXPECT_EQ(Row(series[0].row, 2), (Values{2, 12}));
  EXPECT_FALSE(history_.families().find("b_total")->second.has_labels);
  EXPECT_EQ(history_.series_left_out(), 0U);
}

// Fault P2.
TEST_F(HistoryTest, WhatWasNotSeenIsUnknown) {
  builder_.Family("a_total", MetricType::kCounter).Counter("", 1);
  Look();
  history_.Add(nullptr, now_ += kStepNs);  // no segment, or a damaged one
  Look();
  Look(4);  // the agent was stopped
  EXPECT_EQ(Totals("a_total", 7), (Values{1, kNothing, 1, kNothing, kNothing, kNothing, 1}));
  const std::int64_t first = history_.table().ColumnAt(6).boot_ns;
  for (std::size_t age = 0; age < 7; ++age) {
    EXPECT_EQ(history_.table().ColumnAt(age).boot_ns, first + static_cast<std::int64_t>(6 - age) * kStepNs);
  }
  Look(10'000);
  EXPECT_EQ(history_.table().column_count(), RingTable::kColumns);
  EXPECT_EQ(Totals("a_total", 3), (Values{kNothing, kNothing, 1}));
}

TEST_F(HistoryTest, ALookThatIsALittleEarlyOrLateLeavesNoGap) {
  builder_.Family("a_total", MetricType::kCounter).Counter("", 1);
  for (const double step : {1.0, 1.4, 0.7, 1.2})
    history_.Add(&builder_.snapshot, now_ += static_cast<std::int64_t>(step * kStepNs));
  EXPECT_EQ(history_.table().column_count(), 4U);
  history_.Add(&builder_.snapshot, now_ += 6 * kStepNs, 6 * History::kStep);
  EXPECT_EQ(history_.table().column_count(), 5U) << "it was due only then";
}

TEST_F(HistoryTest, AnotherSegmentIsABreak) {
  builder_.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 7);
  Look();
  Look();
  builder_.snapshot.segment.id[3] = 9;
  builder_.snapshot.families[0].series[0].integer = 2;
  Look();
  Look();
  EXPECT_FALSE(history_.table().ColumnAt(0).is_break);
  EXPECT_TRUE(history_.table().ColumnAt(1).is_break);
  EXPECT_FALSE(history_.table().ColumnAt(2).is_break);
  EXPECT_EQ(Totals("a_total", 4), (Values{7, 7, 2, 2}));
}

TEST_F(HistoryTest, AFamilyOfAnotherTypeBeginsAnew) {
  builder_.Family("a", MetricType::kCounter).Counter("", 7);
  Look();
  builder_.snapshot.families[0].type = MetricType::kGauge;
  builder_.snapshot.families[0].series[0].number = 1.5;
  Look();
  EXPECT_EQ(Totals("a", 2), (Values{kNothing, 1.5}));
  EXPECT_EQ(history_.table().used_rows(), 1U);
}

TEST_F(HistoryTest, AFamilyThatIsGoneForTenMinutesIsForgotten) {
  builder_.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 7);
  builder_.Family("b_seconds", MetricType::kHistogram, GaugeMode::kNone, {1}).Histogram("", {{1, 1}, {0, 0}});
  Look();
  builder_.snapshot.families.clear();
  for (std::size_t i = 1; i < RingTable::kColumns; ++i) Look();
  EXPECT_EQ(history_.families().size(), 2U);
  Look();
  EXPECT_EQ(history_.families().size(), 0U);
  EXPECT_EQ(history_.table().used_rows(), 0U);
}

TEST_F(HistoryTest, FamiliesGetAlikeManyRowsAndTheAudioFamiliesTheirsFirst) {
  for (const std::string family : {"a_total", "b_total", "c_total"}) {
    builder_.Family(family, MetricType::kCounter);
    const int count = family == "b_total" ? 10 : 5'000;
    for (int i = 0; i < count; ++i) builder_.Counter("x=\"" + std::to_string(i) + '"', 1);
  }
  builder_.snapshot.families[0].name = audio::kStreamsMetric;
  Look();
  const auto kept = [this](const std::string& family) {
    return history_.families().find(family)->second.ranked.series().size();
  };
  EXPECT_EQ(kept(std::string(audio::kStreamsMetric)), 500U);
  EXPECT_EQ(kept("b_total"), 10U);
  EXPECT_GT(kept("c_total"), 3'000U);
  EXPECT_LE(history_.table().used_rows(), RingTable::kRows);
  EXPECT_EQ(history_.series_left_out(), 4'500U + 5'000U - kept("c_total"));
  // A family that comes later finds room at once, and its share soon.
  builder_.Family("d_total", MetricType::kCounter);
  for (int i = 0; i < 5'000; ++i) builder_.Counter("x=\"" + std::to_string(i) + '"', 1);
  Look();
  EXPECT_EQ(Totals("d_total", 1), (Values{5'000}));
  Look();
  EXPECT_GT(kept("d_total"), 1'500U);
  EXPECT_LE(kept("c_total"), kept("d_total"));
}

TEST_F(HistoryTest, MoreFamiliesThanItHasRoomForAreCounted) {
  for (int i = 10'000; i < 13'000; ++i)
    builder_.Family("f" + std::to_string(i) + "_total", MetricType::kCounter).Counter("", 1);
  Look();
  EXPECT_EQ(history_.families().size(), History::kTotalRows);
  EXPECT_EQ(history_.families_left_out(), 3'000 - History::kTotalRows);
  EXPECT_EQ(history_.series_left_out(), 3'000 - History::kTotalRows);
}

// Fault P2.
TEST_F(HistoryTest, ItTakesEightMebibytesAtMost) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer has an allocator of its own, which mallinfo2() does not see";
#endif
  std::vector<double> bounds(10);
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<double>(i + 1);
  for (int family = 1'000; family < 3'000; ++family) {
    builder_.Family("family_with_quite_a_long_name_" + std::to_string(family), MetricType::kHistogram,
                    GaugeMode::kNone, bounds);
    for (int i = 0; i < 20; ++i) {
      builder_.Histogram("x=\"" + std::string(200, 'y') + std::to_string(i) + '"',
                         std::vector<shm::BucketSnapshot>(11, {1, 1.0}));
    }
  }
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  auto history = std::make_unique<History>();
  std::size_t most = 0;
  for (int i = 0; i < 4; ++i) {
    history->Add(&builder_.snapshot, i * kStepNs);
    for (auto& bucket : builder_.snapshot.buckets) bucket.count += 1;
    most = std::max(most, in_use() - before);
  }
  EXPECT_GT(history->families().size(), 900U);
  EXPECT_GT(history->table().used_rows(), 3'000U);
  EXPECT_LT(most, 8U << 20U);
}

}  // namespace
}  // namespace shmetrics::agent
