#include "shm/base/fork_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::RunInChild;

pid_t RawClone() {
  return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

TEST(ForkGuardTest, GenerationIsNotZeroAndStays) {
  const std::uint64_t generation = ForkGuard::Generation();
  EXPECT_NE(generation, 0U);
  EXPECT_EQ(ForkGuard::Generation(), generation);
}

TEST(ForkGuardTest, EveryDescendantHasAnotherGeneration) {
  const std::uint64_t mine = ForkGuard::Generation();
  EXPECT_EQ(RunInChild([&] {
              const std::uint64_t child = ForkGuard::Generation();
              EXPECT_NE(child, mine);
              EXPECT_EQ(ForkGuard::Generation(), child);
              EXPECT_EQ(RunInChild([&] {
                          const std::uint64_t grandchild = ForkGuard::Generation();
                          EXPECT_NE(grandchild, mine);
                          EXPECT_NE(grandchild, child);
                        }),
                        0);
            }),
            0);
  EXPECT_EQ(ForkGuard::Generation(), mine);
}

TEST(ForkGuardTest, GrandchildOfAChildThatNeverAskedHasAnotherGeneration) {
  const std::uint64_t mine = ForkGuard::Generation();
  EXPECT_EQ(RunInChild([&] { EXPECT_EQ(RunInChild([&] { EXPECT_NE(ForkGuard::Generation(), mine); }), 0); }),
            0);
}

TEST(ForkGuardTest, RawCloneHasAnotherGenerationAndAFreeLock) {
  const std::uint64_t mine = ForkGuard::Generation();
  const pid_t child = RawClone();
  if (child == 0) {
    const bool differs = ForkGuard::Generation() != mine;
    { const ForkGuard::Lock lock; }
    _exit(differs ? 0 : 1);
  }
  EXPECT_EQ(Child(child).Wait(), 0);
}

TEST(ForkGuardTest, OnlyARawCloneIsUnknownToTheCLibrary) {
  EXPECT_TRUE(ForkGuard::IsKnownToLibc());
  EXPECT_EQ(testing::RunInChild([] { EXPECT_TRUE(ForkGuard::IsKnownToLibc()); }), 0);
  const pid_t child = RawClone();
  if (child == 0) _exit(ForkGuard::IsKnownToLibc() ? 1 : 0);
  EXPECT_EQ(Child(child).Wait(), 0);
}

TEST(ForkGuardTest, RawCloneMadeUnderTheLockFindsItFree) {
  const ForkGuard::Lock lock;
  const pid_t child = RawClone();
  if (child == 0) {
    { const ForkGuard::Lock again; }
    _exit(0);
  }
  EXPECT_EQ(Child(child).Wait(), 0);
}

// A vfork child shares all memory with its parent until it executes a program. To us it is its parent.
TEST(ForkGuardTest, VforkChildKeepsTheGeneration) {
  const std::uint64_t mine = ForkGuard::Generation();
  const pid_t child = vfork();
  if (child == 0) _exit(ForkGuard::Generation() == mine ? 0 : 1);
  EXPECT_EQ(Child(child).Wait(), 0);
}

// Fault 16.
TEST(ForkGuardTest, ForkWhileTheLockIsBusyLeavesItFreeOnBothSides) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&] {
      while (!stop) {
        const ForkGuard::Lock lock;
        std::this_thread::yield();
      }
    });
  }
  for (int i = 0; i < 100; i++) {
    const pid_t child = fork();
    if (child == 0) {
      { const ForkGuard::Lock lock; }
      _exit(0);
    }
    ASSERT_EQ(Child(child).Wait(), 0);
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const ForkGuard::Lock lock;
}

// An application may fork while one of its threads is in here and holds a lock of the application.
TEST(ForkGuardTest, ForkDoesNotWaitForTheLock) {
  const ForkGuard::Lock lock;
  EXPECT_EQ(RunInChild([] { const ForkGuard::Lock free_in_the_child; }), 0);
}

TEST(ForkGuardTest, NoChildIsBornInsideNoFork) {
  std::atomic<bool> stop{false}, inside{false};
  std::thread thread([&] {
    while (!stop) {
      const ForkGuard::NoFork no_fork;
      inside = true;
      std::this_thread::yield();
      inside = false;
    }
  });
  for (int i = 0; i < 100; i++) {
    const pid_t child = fork();
    if (child == 0) {
      { const ForkGuard::NoFork free_in_the_child; }
      _exit(inside ? 1 : 0);
    }
    ASSERT_EQ(Child(child).Wait(), 0);
  }
  stop = true;
  thread.join();
}

TEST(ForkGuardTest, NoForkWithinNoForkOfOneThreadIsHeldAndEndsWithTheOuter) {
  std::optional<ForkGuard::NoFork> outer(std::in_place);
  {
    const ForkGuard::NoFork inner;
    EXPECT_TRUE(inner.held());
  }
  std::atomic<bool> other_asks{false}, other_has_it{false};
  std::thread other([&] {
    other_asks = true;
    const ForkGuard::NoFork no_fork;
    other_has_it = no_fork.held();
  });
  testing::WaitUntil([&] { return other_asks.load(); });
  usleep(20'000);
  EXPECT_FALSE(other_has_it) << "the inner one gave it back";
  outer.reset();
  other.join();
  EXPECT_TRUE(other_has_it);
}

TEST(ForkGuardTest, AForkByTheHolderReturnsAndItsChildClosesWhatWasNamed) {
  EXPECT_EQ(RunInChild([] {
              const int fd = dup(STDERR_FILENO);
              const ForkGuard::NoFork no_fork;
              no_fork.CloseInChild(fd);
              const pid_t child = fork();  // as a signal handler does
              if (child == 0) _exit(fcntl(fd, F_GETFD) == -1 ? 0 : 1);
              EXPECT_EQ(Child(child).Wait(), 0);
              EXPECT_NE(fcntl(fd, F_GETFD), -1) << "the parent keeps it";
            }),
            0);
}

TEST(ForkGuardTest, ThreadsSeeOneGenerationAndOneLock) {
  std::atomic<int> inside{0};
  std::vector<std::thread> threads;
  std::vector<std::uint64_t> generations(8);
  for (std::uint64_t& generation : generations) {
    threads.emplace_back([&] {
      generation = ForkGuard::Generation();
      for (int i = 0; i < 1'000; i++) {
        const ForkGuard::Lock lock;
        EXPECT_EQ(inside.fetch_add(1), 0);
        inside.fetch_sub(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::set<std::uint64_t>(generations.begin(), generations.end()).size(), 1U);
}

}  // namespace
}  // namespace shmetrics::shm
