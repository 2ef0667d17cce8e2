#include "agent/json/value_stats.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shmetrics::agent {
namespace {

TEST(ValueStatsTest, OneValueIsItsOwnSummaryAndDoesNotDeviate) {
  const Stats stats = ComputeStats({7});
  EXPECT_EQ(stats.count, 1U);
  EXPECT_EQ(stats.sum, 7);
  EXPECT_EQ(stats.mean, 7);
  EXPECT_EQ(stats.median, 7);
  EXPECT_EQ(stats.min, 7);
  EXPECT_EQ(stats.max, 7);
  EXPECT_EQ(stats.stddev, 0);
}

TEST(ValueStatsTest, MedianOfAnEvenNumberIsTheMeanOfTheMiddleTwo) {
  const Stats stats = ComputeStats({9, 1, 4, 2});
  EXPECT_EQ(stats.sum, 16);
  EXPECT_EQ(stats.mean, 4);
  EXPECT_EQ(stats.median, 3);
  EXPECT_EQ(stats.min, 1);
  EXPECT_EQ(stats.max, 9);
  EXPECT_DOUBLE_EQ(stats.stddev, std::sqrt((25.0 + 9 + 0 + 4) / 3));
}

TEST(ValueStatsTest, MedianOfAnOddNumberIsTheMiddleOne) { EXPECT_EQ(ComputeStats({9, 1, 4}).median, 4); }

TEST(ValueStatsTest, NanSpoilsEverythingButTheCount) {
  const Stats stats = ComputeStats({1, std::numeric_limits<double>::quiet_NaN(), 3});
  EXPECT_EQ(stats.count, 3U);
  EXPECT_TRUE(std::isnan(stats.sum));
  EXPECT_TRUE(std::isnan(stats.median));
  EXPECT_TRUE(std::isnan(stats.max));
}

}  // namespace
}  // namespace shmetrics::agent
