#include "client-lib/audio/limit.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>

namespace shmetrics::audio {
namespace {

TEST(AudioLimitTest, AnImpossibleLimitIsRefusedAndTheFormerOneHolds) {
  const Limits before{30.0, 1, 1, 25};
  Limits limits = before;
  for (const double bad : {-0.0, -0.5, -2.0, std::numeric_limits<double>::quiet_NaN(),
                           std::numeric_limits<double>::infinity(), 1e10}) {
    EXPECT_FALSE(SetLimit("daily_minutes", bad, &limits)) << bad;
    EXPECT_FALSE(SetLimit("concurrent_jobs", bad, &limits)) << bad;
  }
  EXPECT_FALSE(SetLimit("concurrent_jobs", 0.5, &limits));
  EXPECT_FALSE(SetLimit("monthly_minutes", 1, &limits));
  EXPECT_EQ(limits, before);
}

TEST(AudioLimitTest, EachKeySetsItsOwnLimit) {
  Limits limits{};
  EXPECT_TRUE(SetLimit("daily_minutes", 0.5, &limits) && SetLimitText("concurrent_streams", "1", &limits) &&
              SetLimitText("concurrent_jobs", "2", &limits) && SetLimit("max_file_size_mb", 3, &limits));
  EXPECT_EQ(limits, (Limits{0.5, 1, 2, 3}));
  EXPECT_TRUE(SetLimit("concurrent_jobs", std::nullopt, &limits) &&
              SetLimitText("daily_minutes", "-1", &limits));
  EXPECT_EQ(limits, (Limits{std::nullopt, 1, std::nullopt, 3}));
}

}  // namespace
}  // namespace shmetrics::audio
