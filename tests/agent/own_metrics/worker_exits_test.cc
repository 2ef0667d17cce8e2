#include "agent/own_metrics/worker_exits.h"

#include <gtest/gtest.h>

namespace shmetrics::agent {
namespace {

TEST(WorkerExitsTest, EndsBeforeTheFirstLookCount) {
  WorkerExits exits;
  const shm::Exits counted = exits.Count({.ended = 1, .execs = 2, .unknown = 4, .losses = 3});
  EXPECT_EQ(counted.ended, 1U);
  EXPECT_EQ(counted.execs, 2U);
  EXPECT_EQ(counted.unknown, 4U);
  EXPECT_EQ(counted.losses, 3U);
}

TEST(WorkerExitsTest, TheCountsDoNotGoBackWithAReplacedSegmentThatIsNoLongerRead) {
  WorkerExits exits;
  exits.Count({.ended = 9, .execs = 1, .unknown = 5, .losses = 4});
  EXPECT_EQ(exits.Count({.ended = 1}).ended, 9U);
  const shm::Exits counted = exits.Count({.ended = 3, .losses = 1});
  EXPECT_EQ(counted.ended, 11U) << "ends in the new one count at once";
  EXPECT_EQ(counted.execs, 1U);
  EXPECT_EQ(counted.unknown, 5U);
  EXPECT_EQ(counted.losses, 5U);
}

}  // namespace
}  // namespace shmetrics::agent
