#include "shm/workers/worker_end.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

TEST(WorkerEndTest, OnlyAnUnknownEndWithSomethingIsALoss) {
  Exits exits;
  exits += Ending{WorkerEnd::kNone, true};
  exits += Ending{WorkerEnd::kEnded, true};
  exits += Ending{WorkerEnd::kExec, true};
  exits += Ending{WorkerEnd::kUnknown, false};
  exits += Ending{WorkerEnd::kUnknown, true};
  EXPECT_EQ(exits.ended, 1U);
  EXPECT_EQ(exits.execs, 1U);
  EXPECT_EQ(exits.unknown, 2U);
  EXPECT_EQ(exits.losses, 1U);
}

TEST(WorkerEndTest, ADifferenceIsNeverBelowZero) {
  Exits exits{.ended = 1, .execs = 5, .unknown = 0, .losses = 2};
  exits -= {.ended = 2, .execs = 1, .unknown = 9, .losses = 2};
  EXPECT_EQ(exits.ended, 0U);
  EXPECT_EQ(exits.execs, 4U);
  EXPECT_EQ(exits.unknown, 0U);
  EXPECT_EQ(exits.losses, 0U);
}

}  // namespace
}  // namespace shmetrics::shm
