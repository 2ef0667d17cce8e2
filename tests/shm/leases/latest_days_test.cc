#include "shm/leases/latest_days.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

TEST(LatestDaysTest, TheThreeLatestAreKeptInWhateverOrderTheyCome) {
  LatestDays days;
  EXPECT_FALSE(days.Contains(0));
  for (const std::int64_t day : {5, 9, 5, 7, -20, 9, 8, 6}) days.Add(day);
  for (const std::int64_t day : {7, 8, 9}) EXPECT_TRUE(days.Contains(day)) << day;
  for (const std::int64_t day : {-20, 5, 6, 10}) EXPECT_FALSE(days.Contains(day)) << day;
}

TEST(LatestDaysTest, FewerThanThreeAreAllKept) {
  LatestDays days;
  days.Add(0);
  days.Add(-7);
  EXPECT_TRUE(days.Contains(0) && days.Contains(-7));
}

}  // namespace
}  // namespace shmetrics::shm
