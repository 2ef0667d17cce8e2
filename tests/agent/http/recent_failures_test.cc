#include "agent/http/recent_failures.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

using std::chrono::seconds;

const RecentFailures::Clock::time_point kStart = RecentFailures::Clock::now();

TEST(RecentFailuresTest, TheLastFailureIsRememberedForAWhile) {
  RecentFailures failures;
  EXPECT_FALSE(failures.Last("a", kStart));
  failures.Add("a", kStart);
  failures.Add("a", kStart + seconds(5));
  EXPECT_EQ(failures.Last("a", kStart + seconds(6)), kStart + seconds(5));
  EXPECT_FALSE(failures.Last("b", kStart + seconds(6)));
  EXPECT_FALSE(failures.Last("a", kStart + seconds(5) + RecentFailures::kRemembered));
}

TEST(RecentFailuresTest, WhoeverWasRightIsForgotten) {
  RecentFailures failures;
  failures.Add("a", kStart);
  failures.Forget("a");
  EXPECT_FALSE(failures.Last("a", kStart));
}

// Fault A2.
TEST(RecentFailuresTest, ItStaysSmallAndForgetsTheOldestFirst) {
  RecentFailures failures;
  for (std::size_t i = 0; i <= RecentFailures::kMost; i++) {
    failures.Add(std::to_string(i), kStart + std::chrono::milliseconds(i));
  }
  EXPECT_EQ(failures.size(), RecentFailures::kMost);
  EXPECT_FALSE(failures.Last("0", kStart + seconds(5)));
  EXPECT_TRUE(failures.Last("1", kStart + seconds(5)));
}

}  // namespace
}  // namespace shmetrics::agent
