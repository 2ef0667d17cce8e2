#include "shm/base/lock_wait.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <ctime>

#include "shm/base/clock.h"
#include "shm/base/task_state.h"
#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

using testing::Child;

constexpr std::int64_t kHourNs = 3'600'000'000'000;

std::uint32_t NumberOf(const Child& child) { return static_cast<std::uint32_t>(child.pid()); }

Child Runner() {
  Child child([] {
    for (volatile int turns = 0;;) turns = turns + 1;
  });
  testing::WaitUntil([&] { return TaskState(NumberOf(child)) == 'R'; });
  return child;
}
Child Sleeper() {
  Child child([] {
    for (;;) pause();
  });
  testing::WaitUntil([&] { return TaskState(NumberOf(child)) == 'S'; });
  return child;
}
Child Stopped() {
  Child child = Runner();
  child.Signal(SIGSTOP);
  testing::WaitUntil([&] { return TaskState(NumberOf(child)) == 'T'; });
  return child;
}

/// Fault L15: what a caller does who finds the lock in a holding that this process has seen for some time.
class LockWaitTest : public ::testing::Test {
 protected:
  bool GoesOn(const Holding& holding, std::int64_t age_ns, std::int64_t max_wait_ns = kHourNs) {
    watch_.SetAge(holding, age_ns, NowNs(CLOCK_MONOTONIC));
    return LockWait(&watch_, max_wait_ns).NextTryNs(holding) > 0;
  }

  HolderWatch watch_;
};

// Fault L15.
TEST_F(LockWaitTest, AHolderThatWaitsForACpuIsWaitedForLongerThanAStoppedOne) {
  const Child runner = Runner(), stopped = Stopped();
  EXPECT_TRUE(GoesOn({NumberOf(runner), 1}, LockWait::kStoppedNs));
  EXPECT_TRUE(GoesOn({NumberOf(stopped), 1}, 0)) << "not before it has stood for a while";
  EXPECT_FALSE(GoesOn({NumberOf(stopped), 1}, LockWait::kStoppedNs));
  EXPECT_FALSE(GoesOn({NumberOf(runner), 1}, LockWait::kStuckNs)) << "in the end this one is given up too";
}

// Fault L15.
TEST_F(LockWaitTest, AThreadThatSleepsInsideIsGivenUpButTheFirstThreadOfAProcessProvesNothing) {
  const Child sleeper = Sleeper();
  EXPECT_FALSE(GoesOn({NumberOf(sleeper), 1, Holding::Kind::kThread}, LockWait::kStoppedNs));
  EXPECT_TRUE(GoesOn({NumberOf(sleeper), 2, Holding::Kind::kProcess}, LockWait::kStoppedNs));
  const Child stopped = Stopped();
  EXPECT_FALSE(GoesOn({NumberOf(stopped), 3, Holding::Kind::kProcess}, LockWait::kStoppedNs));
}

// Fault L15.
TEST_F(LockWaitTest, AHolderThatCannotBeToldIsWaitedFor) {
  EXPECT_TRUE(GoesOn({0, 1}, LockWait::kStoppedNs));
  EXPECT_FALSE(GoesOn({0, 1}, LockWait::kStuckNs));
}

TEST_F(LockWaitTest, WhatWasFoundOutHoldsForOneHoldingOnly) {
  const Child stopped = Stopped();
  const Holding holding{NumberOf(stopped), 7};
  ASSERT_FALSE(GoesOn(holding, LockWait::kStoppedNs));
  EXPECT_EQ(LockWait(&watch_, kHourNs).NextTryNs(holding), 0) << "remembered";
  EXPECT_GT(LockWait(&watch_, kHourNs).NextTryNs({holding.holder, 8}), 0) << "it has gone on";
  EXPECT_GT(LockWait(&watch_, kHourNs).NextTryNs({holding.holder + 1, 7}), 0) << "another has it";
}

TEST_F(LockWaitTest, NobodyWaitsLongerThanTheyWantTo) {
  EXPECT_EQ(LockWait(&watch_, 0).NextTryNs({1, 1}), 0);
  EXPECT_EQ(LockWait(&watch_, -1).NextTryNs({1, 1}), 0);
  EXPECT_EQ(LockWait(&watch_, 0).NextTryNs(), 0);
  LockWait short_one(&watch_, 2);
  EXPECT_LE(short_one.NextTryNs({1, 1}), 2);
  usleep(1);
  EXPECT_EQ(short_one.NextTryNs({1, 1}), 0);
  EXPECT_STREQ(short_one.WhyGivenUp(), "was held by others for as long as the call may wait; ask again");
}

TEST_F(LockWaitTest, AClockThatAnotherThreadHasReadEarlierMakesNothingOld) {
  constexpr std::int64_t kSecondNs = 1'000'000'000;
  const std::int64_t now = 100 * kSecondNs;
  EXPECT_EQ(watch_.AgeNs({1, 1}, now), 0);
  EXPECT_EQ(watch_.AgeNs({1, 1}, now - kSecondNs), 0);
  EXPECT_EQ(watch_.AgeNs({1, 1}, now + kSecondNs), kSecondNs);
}

}  // namespace
}  // namespace shmetrics::shm
