#include "shm/base/robust_mutex.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/support/child.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::RunInChild;
using Outcome = RobustMutex::Outcome;

/// Long for a test that waits in vain, and short for one that is let in.
constexpr std::int64_t kWaitNs = 50'000'000;

struct Shared {
  pthread_mutex_t mutex;
  std::atomic<int> step;
};

/// No test may end while this thread holds the mutex. The mutex's memory ends with the test, but the C
/// library keeps a list of the held mutexes that leads through that memory.
class RobustMutexTest : public ::testing::Test {
 protected:
  RobustMutexTest() { RobustMutex::Initialize(&shared_->mutex); }

  /// A process that locks the mutex and then does nothing more.
  Child Holder() {
    Child holder([this] {
      ASSERT_EQ(RobustMutex(&shared_->mutex).Lock(kWaitNs), Outcome::kLocked);
      shared_->step.store(1);
      for (;;) pause();
    });
    testing::WaitUntil([this] { return shared_->step.load() == 1; });
    return holder;
  }

  testing::SharedPage<Shared> shared_;
  RobustMutex mutex_{&shared_->mutex};
};

TEST_F(RobustMutexTest, OnlyOneHoldsItAtATime) {
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kLocked);
  EXPECT_EQ(RunInChild([this] { ASSERT_EQ(mutex_.TryLock(), Outcome::kBusy); }), 0);
  mutex_.Unlock();
  EXPECT_EQ(mutex_.TryLock(), Outcome::kLocked);
  mutex_.Unlock();
}

TEST_F(RobustMutexTest, AHolderThatDoesNotGoOnMakesOthersBusyAndNotStand) {
  const Child holder = Holder();
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kBusy);
  holder.Signal(SIGSTOP);
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kBusy);
}

TEST_F(RobustMutexTest, ADeadHolderIsReportedToTheNextAndOnlyToHim) {
  Holder().Kill();
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kOwnerDied);
  mutex_.MarkConsistent();
  mutex_.Unlock();
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kLocked);
  mutex_.Unlock();
}

TEST_F(RobustMutexTest, AnHeirThatDiesBeforeItHasRepairedLeavesItToTheNext) {
  Holder().Kill();
  ASSERT_EQ(RunInChild([this] {
              ASSERT_EQ(mutex_.Lock(kWaitNs), Outcome::kOwnerDied);
              raise(SIGKILL);
            }),
            128 + SIGKILL);
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kOwnerDied);
  mutex_.Unlock();
}

TEST_F(RobustMutexTest, OneThatWasUnlockedWithoutRepairIsGivenUpAndNobodyWaitsForIt) {
  Holder().Kill();
  ASSERT_EQ(mutex_.Lock(kWaitNs), Outcome::kOwnerDied);
  mutex_.Unlock();
  EXPECT_EQ(mutex_.Lock(kWaitNs), Outcome::kUnrecoverable);
  EXPECT_NE(mutex_.TryLock(), Outcome::kLocked);
}

TEST_F(RobustMutexTest, AChildOfTheHolderDoesNotHoldIt) {
  ASSERT_EQ(mutex_.Lock(kWaitNs), Outcome::kLocked);
  EXPECT_EQ(RunInChild([this] { ASSERT_EQ(mutex_.Lock(kWaitNs), Outcome::kBusy); }), 0);
  mutex_.Unlock();
  EXPECT_EQ(RunInChild([this] {
              ASSERT_EQ(mutex_.Lock(kWaitNs), Outcome::kLocked);
              mutex_.Unlock();
            }),
            0);
}

TEST_F(RobustMutexTest, ThreadsThatShareItLoseNothing) {
  constexpr int kThreads = 4, kTurns = 2'000;
  int plain = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < kTurns;) {
        if (mutex_.Lock(kWaitNs) != Outcome::kLocked) continue;
        plain++;
        i++;
        mutex_.Unlock();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(plain, kThreads * kTurns);
}

}  // namespace
}  // namespace shmetrics::shm
