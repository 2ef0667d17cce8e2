#include "shm/leases/namespace_lock.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "shm/base/robust_mutex.h"
#include "shm/layout/layout.h"
#include "shm/leases/lease_shard.h"
#include "shm/segment/segment_options.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::Lessee;
using testing::RunInChild;

/// Runs `body` as the first process of a new PID namespace. Returns its exit code, or 77 if this user may not
/// make one.
int RunInPidNamespace(const std::function<void()>& body) {
  return RunInChild([&] {
    if (unshare(CLONE_NEWPID) != 0) _exit(77);
    const pid_t first = fork();
    if (first == 0) {
      body();
      _exit(::testing::Test::HasFailure() ? 1 : 0);
    }
    int status = 0;
    waitpid(first, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
  });
}

constexpr std::int64_t kWaitNs = 50'000'000;

Result<NamespaceLock> Lock(Lessee& lessee, std::uint32_t shard) {
  const Segment& segment = lessee.worker().segment();
  LockWait wait(segment.holder_watch(shard), LockWait::kDefaultNs);
  return NamespaceLock::Lock(segment, shard, &wait);
}

SegmentOptions Shared() {
  SegmentOptions options = testing::SmallSegment();
  options.shared_pid_namespaces = true;
  return options;
}

class NamespaceLockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    // Needs CAP_SYS_ADMIN, which a developer's machine may not give.
    if (RunInPidNamespace([] {}) == 77) GTEST_SKIP() << "this user may not make PID namespaces";
  }
  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

// Fault 13.
TEST_F(NamespaceLockTest, AProcessOfAnotherPidNamespaceIsRefusedLeasesAndToldWhy) {
  Lessee lessee(path_);
  ASSERT_TRUE(lessee.Acquire("42", 1).ok());
  EXPECT_EQ(RunInPidNamespace([&] {
              Lessee stranger(path_);
              const Result<HeldLease> lease = stranger.Acquire("42", 2);
              ASSERT_FALSE(lease.ok());
              EXPECT_EQ(lease.error().code, ErrorCode::kForeignNamespace);
              EXPECT_NE(lease.error().message.find("shared_pid_namespaces"), std::string::npos);
              // Everything else works in that process.
              stranger.worker().Count(testing::CounterNamed("things_total"), {}, std::uint64_t{1});
              stranger.worker().Set(testing::GaugeNamed("level", layout::GaugeMode::kLast), {}, 5);
            }),
            0);
  testing::SegmentReading reading = testing::Read(path_);
  EXPECT_EQ(reading.Refusals(layout::Refusal::kForeignNamespace), 1U);
  EXPECT_EQ(reading.Counter("things_total"), 1U);
  EXPECT_EQ(reading.Gauge("level"), 5);
  EXPECT_TRUE(lessee.Acquire("42", 2).ok());
}

// Fault 13.
TEST_F(NamespaceLockTest, ASegmentForSeveralNamespacesTakesTheirLeasesUnderOneLimit) {
  Lessee lessee(path_, Shared());
  ASSERT_TRUE(lessee.Acquire("42", 2).ok());
  EXPECT_EQ(RunInPidNamespace([&] {
              Lessee stranger(path_);
              ASSERT_TRUE(stranger.Acquire("42", 2).ok());
              EXPECT_EQ(stranger.Acquire("42", 2).error().code, ErrorCode::kLimitReached);
            }),
            0);
  EXPECT_TRUE(lessee.Acquire("42", 2).ok()) << "the stranger is dead; it was pid 1 of its namespace";
  EXPECT_FALSE(lessee.Acquire("42", 2).ok());
}

/// The byte lock prevents this hazard: a holder and a waiter are each process 1 of their namespaces, and the
/// waiter dies.
class NamespaceHazardTest : public NamespaceLockTest {
 protected:
  /// Makes the first process of a new PID namespace. It runs `body` until the returned Child is killed.
  Child FirstProcess(const std::function<void()>& body) {
    pid_->store(0);
    started_->store(false);
    Child outside([&] {
      ASSERT_EQ(unshare(CLONE_NEWPID), 0);
      const pid_t first = fork();
      if (first == 0) {
        testing::DieWithParent();
        body();
        _exit(1);
      }
      pid_->store(first);
      waitpid(first, nullptr, 0);
    });
    testing::WaitUntil([&] { return started_->load() && pid_->load() != 0; });
    return outside;
  }
  /// True if a thread waits in the kernel: for a mutex, or between two tries to lock a byte.
  static bool IsAsleep(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    return text.find(") S ") != std::string::npos;
  }
  /// Starts one process after the other. Each asks to be let in until it is killed in a wait.
  /// True if one was let in.
  bool KillWaiters(int how_many, const std::function<bool()>& ask) {
    for (int i = 0; i < how_many && !inside_->load(); i++) {
      Child waiter = FirstProcess([&] {
        started_->store(true);
        while (!ask()) {
        }
        inside_->store(true);
        for (;;) pause();
      });
      testing::WaitUntil([&] { return IsAsleep(pid_->load()); });
      kill(pid_->load(), SIGKILL);
      waiter.Wait();
    }
    return inside_->load();
  }

  Lessee lessee_{path_, Shared()};
  const Segment& segment_ = lessee_.worker().segment();
  RobustMutex mutex_{&segment_.lease_shard(0).mutex};
  const testing::SharedPage<std::atomic<bool>> started_, inside_;
  const testing::SharedPage<std::atomic<pid_t>> pid_;
};

// Fault 13. If this ever fails, the kernel can tell namespaces apart, and the byte lock can go.
TEST_F(NamespaceHazardTest, WithoutTheByteLockAWaitersDeathLetsTheNextWaiterInBesideALivingHolder) {
  const Child holder = FirstProcess([&] {
    ASSERT_EQ(mutex_.Lock(kWaitNs), RobustMutex::Outcome::kLocked);
    started_->store(true);
    for (;;) pause();
  });
  const pid_t pid_of_holder = pid_->load();
  // Not every death comes in the middle of a wait, and it is the next process that is let in.
  EXPECT_TRUE(KillWaiters(20, [&] { return mutex_.Lock(kWaitNs) == RobustMutex::Outcome::kOwnerDied; }));
  EXPECT_EQ(kill(pid_of_holder, 0), 0) << "the holder lives, and still holds the mutex";
}

// Fault 13.
TEST_F(NamespaceHazardTest, WithTheByteLockNoWaitersDeathLetsAnybodyInBesideALivingHolder) {
  Child holder = FirstProcess([&] {
    const Result<LeaseShard> shard = LeaseShard::Lock(segment_, 0);
    ASSERT_TRUE(shard.ok());
    started_->store(true);
    for (;;) pause();
  });
  EXPECT_FALSE(KillWaiters(5, [&] { return LeaseShard::Lock(segment_, 0).ok(); }));
  EXPECT_EQ(mutex_.TryLock(), RobustMutex::Outcome::kBusy) << "a dying waiter has changed the mutex";
  EXPECT_EQ(LeaseShard::Lock(segment_, 0).error().code, ErrorCode::kBusy);
  EXPECT_EQ(testing::Read(path_).snapshot().segment.mutex_recoveries, 0U);
  holder.Kill();
  testing::WaitUntil([&] { return LeaseShard::Lock(segment_, 0).ok(); });
  EXPECT_EQ(testing::Read(path_).snapshot().segment.mutex_recoveries, 1U) << "this death counts";
}

TEST_F(NamespaceLockTest, AStoppedHolderOfTheByteMakesOthersBusyAndItsDeathFreesThem) {
  Lessee lessee(path_, Shared());
  const testing::SharedPage<std::atomic<int>> holding;
  Child holder([&] {
    const Result<NamespaceLock> lock = Lock(lessee, 7);
    ASSERT_TRUE(lock.ok()) << lock.error().message;
    holding->store(1);
    for (;;) pause();
  });
  testing::WaitUntil([&] { return holding->load() == 1; });
  holder.Signal(SIGSTOP);
  const Result<NamespaceLock> other = Lock(lessee, 7);
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kBusy);
  EXPECT_TRUE(Lock(lessee, 8).ok()) << "another shard is free";
  holder.Kill();
  EXPECT_TRUE(Lock(lessee, 7).ok());
}

// Fault L14. Its locks belong to the process, not to the descriptor that its child has inherited.
TEST_F(NamespaceLockTest, AChildThatClosesWhatItHasInheritedDropsNoLockOfItsParent) {
  Lessee lessee(path_, Shared());
  const Result<NamespaceLock> lock = Lock(lessee, 7);
  ASSERT_TRUE(lock.ok()) << lock.error().message;
  EXPECT_EQ(RunInChild([&] {
              EXPECT_EQ(Lock(lessee, 7).error().code, ErrorCode::kBusy) << "it holds the lock, too";
              EXPECT_TRUE(Lock(lessee, 8).ok());
              closefrom(3);
            }),
            0);
  EXPECT_EQ(RunInChild([&] { EXPECT_EQ(Lock(lessee, 7).error().code, ErrorCode::kBusy); }), 0);
}

TEST_F(NamespaceLockTest, ALockFileThatWasReplacedIsOpenedAgain) {
  Lessee lessee(path_, Shared());
  ASSERT_TRUE(lessee.Acquire("42", 2).ok());
  std::filesystem::remove(path_ + ".lock");
  Lessee fresh(path_);
  const Result<NamespaceLock> lock = Lock(fresh, 7);
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(RunInChild([&] { EXPECT_EQ(Lock(lessee, 7).error().code, ErrorCode::kBusy); }), 0)
      << "it has locked the removed file";
}

TEST_F(NamespaceLockTest, SegmentsOfOneNamespaceNeedNoLockFile) {
  Lessee lessee(path_);
  ASSERT_TRUE(lessee.Acquire("42").ok());
  EXPECT_FALSE(std::filesystem::exists(path_ + ".lock"));
}

TEST_F(NamespaceLockTest, ALockFileThatIsALinkIsRefused) {
  Lessee lessee(path_, Shared());
  std::filesystem::create_symlink("/etc/passwd", path_ + ".lock");
  EXPECT_EQ(lessee.Acquire("42").error().code, ErrorCode::kNotOpenable);
}

}  // namespace
}  // namespace shmetrics::shm
