#include "shm/snapshot/saturating_sum.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace shmetrics::shm {
namespace {

constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kInfinite = std::numeric_limits<double>::infinity();

TEST(SaturatingSumTest, AddsAsUsualWithinTheFiniteDoubles) {
  EXPECT_EQ(SaturatingSum(1.5, 2.25), 3.75);
  EXPECT_EQ(SaturatingSum(kLargest, -kLargest), 0.0);
}

TEST(SaturatingSumTest, ASumOrAnAddendBeyondThemIsTheLargest) {
  EXPECT_EQ(SaturatingSum(kLargest, kLargest), kLargest);
  EXPECT_EQ(SaturatingSum(-kLargest, -kLargest), -kLargest);
  EXPECT_EQ(SaturatingSum(kInfinite, -1), kLargest);
  EXPECT_EQ(SaturatingSum(-kInfinite, kInfinite), 0.0);
}

TEST(SaturatingSumTest, NanOfADamagedCellStaysSeen) {
  EXPECT_TRUE(std::isnan(SaturatingSum(std::nan(""), 1)));
}

}  // namespace
}  // namespace shmetrics::shm
