#include "shm/worker_slot.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>
#include <vector>

#include "shm/fork_guard.h"
#include "shm/unique_fd.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::GaugeNamed;
using testing::PrivateFolder;
using testing::SegmentReading;
using testing::SharedPage;

// The situations of this file are those in which other proofs of life are wrong.
class WorkerSlotTest : public ::testing::Test {
 protected:
  void SetUp() override { BareWorker creator(path_); }

  /// A worker that has set its gauge to 1 and then does `afterwards`.
  Child Worker(const std::function<void()>& afterwards) {
    holds_->store(false);
    Child child([&] {
      ClaimSlot();
      afterwards();
    });
    testing::WaitUntil([&] { return holds_->load(); });
    return child;
  }
  void ClaimSlot() {
    BareWorker* worker = new BareWorker(path_);  // leaked: a worker's segment lives as long as its process
    worker->Set(up_, {}, 1);
    holds_->store(true);
  }
  static void Pause() {
    for (;;) pause();
  }
  /// How many workers are alive, by the slots and by the gauge that each has set to 1, which must agree.
  std::uint64_t Alive() {
    const SegmentReading reading = testing::Read(path_);
    EXPECT_EQ(reading.Gauge("up").value_or(0), static_cast<double>(reading.AliveWorkers()));
    return reading.AliveWorkers();
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  const FamilyDefinition up_ = GaugeNamed("up", layout::GaugeMode::kSum);
  SharedPage<std::atomic<bool>> holds_;
  SharedPage<std::atomic<pid_t>> other_;
};

TEST_F(WorkerSlotTest, NobodyIsAliveInANewSegment) { EXPECT_EQ(Alive(), 0U); }

TEST_F(WorkerSlotTest, LivingWorkerIsShownWithNameAndProcess) {
  const Child worker = Worker(Pause);
  EXPECT_EQ(Alive(), 1U);
  const SegmentReading reading = testing::Read(path_);
  ASSERT_EQ(reading.snapshot().workers.size(), 1U);
  const WorkerSnapshot& shown = reading.snapshot().workers[0];
  EXPECT_EQ(shown.name, "bare worker");
  EXPECT_EQ(shown.pid, static_cast<std::uint32_t>(worker.pid()));
  EXPECT_EQ(shown.epoch, 1U);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  EXPECT_LE(shown.started_unix_ns, (now.tv_sec + 1) * 1'000'000'000LL);
  EXPECT_GT(shown.started_unix_ns, (now.tv_sec - 3'600) * 1'000'000'000LL) << "the child began just now";
}

TEST_F(WorkerSlotTest, HoldReturnsTheSameSlotEveryTime) {
  BareWorker worker(path_);
  const ForkGuard::Lock lock;
  const auto first = worker.slot().Hold();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(worker.slot().Hold().value(), first.value());
  EXPECT_EQ(first.value()->epoch.load(), 1U);
}

// Faults 7 and 9: a stopped worker is alive, and keeps its gauges.
TEST_F(WorkerSlotTest, StoppedWorkerIsAlive) {
  const Child worker = Worker(Pause);
  worker.Signal(SIGSTOP);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, worker.pid(), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_EQ(Alive(), 1U);
}

// Fault 6.
TEST_F(WorkerSlotTest, KilledWorkerIsDead) {
  Child worker = Worker(Pause);
  ASSERT_EQ(Alive(), 1U);
  worker.Kill();
  EXPECT_EQ(Alive(), 0U);
  EXPECT_EQ(testing::Read(path_).snapshot().workers.size(), 1U) << "people still see who was there";
}

// Fault 10.
TEST_F(WorkerSlotTest, ZombieIsDead) {
  const Child worker = Worker(Pause);
  worker.Signal(SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, worker.pid(), &info, WEXITED | WNOWAIT), 0);  // dead, not reaped
  EXPECT_EQ(Alive(), 0U);
}

TEST_F(WorkerSlotTest, WorkerThatClosedAllDescriptorsIsAlive) {
  const Child worker = Worker([&] {
    for (int fd = 3; fd < 1'024; fd++) close(fd);
    other_->store(1);
    Pause();
  });
  testing::WaitUntil([&] { return other_->load() == 1; });
  EXPECT_EQ(Alive(), 1U);
}

TEST_F(WorkerSlotTest, StrangeCodeThatUnlocksAndClosesTheFileChangesNothing) {
  const Child worker = Worker([&] {
    const int fd = open(path_.c_str(), O_RDWR);
    struct flock all {};
    all.l_type = F_UNLCK;
    fcntl(fd, F_OFD_SETLK, &all);
    fcntl(fd, F_SETLK, &all);
    flock(fd, LOCK_UN);
    close(fd);
    other_->store(1);
    Pause();
  });
  testing::WaitUntil([&] { return other_->load() == 1; });
  EXPECT_EQ(Alive(), 1U);
}

// Fault 17: what a daemonising double fork does.
TEST_F(WorkerSlotTest, WorkerIsDeadThoughItsForkedChildLives) {
  Child worker = Worker([&] {
    const pid_t child = fork();
    if (child == 0) Pause();
    other_->store(child);
  });
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(kill(other_->load(), 0), 0) << "the child must live for this test to mean anything";
  EXPECT_EQ(Alive(), 0U);
  kill(other_->load(), SIGKILL);
}

TEST_F(WorkerSlotTest, WorkerIsDeadThoughItsRawCloneLives) {
  Child worker = Worker([&] {
    const long child = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) {
      for (;;) syscall(SYS_pause);
    }
    other_->store(static_cast<pid_t>(child));
  });
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(kill(other_->load(), 0), 0) << "the child must live for this test to mean anything";
  EXPECT_EQ(Alive(), 0U);
  kill(other_->load(), SIGKILL);
}

// Fault 15.
TEST_F(WorkerSlotTest, ForkedChildClaimsASlotOfItsOwn) {
  Child worker = Worker([&] {
    // The child goes on with the parent's objects, as a prefork server does.
    const pid_t child = fork();
    if (child == 0) {
      ClaimSlot();
      other_->store(getpid());
    }
    Pause();
  });
  testing::WaitUntil([&] { return other_->load() != 0; });
  EXPECT_EQ(Alive(), 2U);
  worker.Kill();
  EXPECT_EQ(Alive(), 1U) << "the child's slot does not hang on the parent";
  kill(other_->load(), SIGKILL);
}

TEST_F(WorkerSlotTest, InheritedHoldIsClaimedAnewInTheChild) {
  BareWorker worker(path_);
  worker.Set(up_, {}, 1);
  EXPECT_EQ(testing::RunInChild([&] {
              worker.Set(up_, {}, 1);
              EXPECT_EQ(Alive(), 2U);
            }),
            0);
  EXPECT_EQ(Alive(), 1U);
}

// Fault 18.
TEST_F(WorkerSlotTest, WorkerThatExecutesAnotherProgramIsDead) {
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const UniqueFd read_end(pipe_ends[0]);
  UniqueFd write_end(pipe_ends[1]);
  const Child worker = Worker([&] {
    dup2(write_end.get(), STDOUT_FILENO);
    execlp("sh", "sh", "-c", "echo running; exec sleep 1000", nullptr);
  });
  char byte;
  ASSERT_EQ(read(read_end.get(), &byte, 1), 1);
  EXPECT_EQ(Alive(), 0U);
  EXPECT_EQ(kill(worker.pid(), 0), 0);
}

// Fault 11.
TEST_F(WorkerSlotTest, WorkerIsAliveWhenItsMainThreadHasEnded) {
  Child worker = Worker([&] {
    std::thread([] { Pause(); }).detach();
    syscall(SYS_exit, 0);  // this thread alone
  });
  testing::WaitUntil([&] {  // its main thread is a zombie now
    std::ifstream file("/proc/" + std::to_string(worker.pid()) + "/stat");
    std::string text;
    std::getline(file, text);
    return text.find(") Z ") != std::string::npos;
  });
  EXPECT_EQ(Alive(), 1U);
  worker.Kill();
  EXPECT_EQ(Alive(), 0U);
}

// Faults 12 and 13: its process id says nothing to us.
TEST_F(WorkerSlotTest, WorkerInAnotherPidNamespaceIsSeenAliveAndDead) {
  if (testing::RunInChild([] { _exit(unshare(CLONE_NEWPID) == 0 ? 0 : 1); }) != 0)
    GTEST_SKIP() << "this user may not make PID namespaces";
  Child outside([&] {
    ASSERT_EQ(unshare(CLONE_NEWPID), 0);
    const pid_t inside = fork();
    if (inside == 0) {
      testing::DieWithParent();
      ClaimSlot();
      Pause();
    }
    other_->store(inside);
    waitpid(inside, nullptr, 0);
  });
  testing::WaitUntil([&] { return holds_->load() && other_->load() != 0; });
  EXPECT_EQ(testing::Read(path_).snapshot().workers[0].pid, 1U);
  EXPECT_EQ(Alive(), 1U);
  kill(other_->load(), SIGKILL);
  EXPECT_EQ(outside.Wait(), 0);
  EXPECT_EQ(Alive(), 0U);
}

// Fault 28.
TEST_F(WorkerSlotTest, ReadLockOfAStrangerIsNoSignOfLife) {
  Child worker = Worker(Pause);
  const UniqueFd stranger(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock everything {};
  everything.l_type = F_RDLCK;
  worker.Kill();
  ASSERT_EQ(fcntl(stranger.get(), F_OFD_SETLK, &everything), 0);
  ASSERT_EQ(flock(stranger.get(), LOCK_SH), 0);
  EXPECT_EQ(Alive(), 0U);
}

// Fault 4.
TEST_F(WorkerSlotTest, SlotOfADeadWorkerIsTakenAgainWithoutItsGauges) {
  Child first = Worker(Pause);
  const Child second = Worker(Pause);
  first.Kill();
  const Child third = Worker(Pause);
  const SegmentReading reading = testing::Read(path_);
  ASSERT_EQ(reading.snapshot().workers.size(), 2U);
  EXPECT_EQ(reading.snapshot().workers[0].epoch, 2U);
  EXPECT_EQ(reading.snapshot().workers[0].pid, static_cast<std::uint32_t>(third.pid()));
  EXPECT_EQ(Alive(), 2U);
}

// Fault 32.
TEST_F(WorkerSlotTest, OneWorkerTooManyIsRefusedAndCounted) {
  std::vector<Child> workers;
  for (int i = 0; i < 16; i++) workers.push_back(Worker(Pause));
  EXPECT_EQ(Alive(), 16U);
  BareWorker late(path_);
  {
    const ForkGuard::Lock lock;
    for (int i = 0; i < 3; i++) {  // repeated within a second: one attempt
      const auto slot = late.slot().Hold();
      ASSERT_FALSE(slot.ok());
      EXPECT_EQ(slot.error().code, ErrorCode::kNoFreeSlot);
      EXPECT_THAT(slot.error().message, ::testing::HasSubstr("all 16 worker slots"));
    }
  }
  EXPECT_EQ(testing::Read(path_).Refusals(layout::Refusal::kNoFreeSlot), 1U);
  workers[7].Kill();
  BareWorker next(path_);
  next.Set(up_, {}, 1);
  EXPECT_EQ(testing::Read(path_).snapshot().workers[7].epoch, 2U);
}

// Fault 26.
TEST_F(WorkerSlotTest, NoSlotIsClaimedInASegmentThatLostItsName) {
  BareWorker worker(path_);
  std::filesystem::remove(path_);
  const ForkGuard::Lock lock;
  EXPECT_EQ(worker.slot().Hold().error().code, ErrorCode::kAbsent);
  BareWorker replacement(path_);
  WorkerSlot slot(worker.segment(), "late");
  EXPECT_EQ(slot.Hold().error().code, ErrorCode::kAbsent) << "claimed a slot in the wrong file";
}

TEST_F(WorkerSlotTest, ReleasedSlotIsDead) {
  SegmentReading reading(path_);
  BareWorker worker(path_);
  worker.Set(up_, {}, 1);
  EXPECT_EQ(reading.Again().AliveWorkers(), 1U);
  std::filesystem::remove(path_);
  const ForkGuard::Lock lock;
  worker.slot().Release();
  EXPECT_EQ(reading.Again().AliveWorkers(), 0U);
  EXPECT_EQ(reading.Gauge("up"), std::nullopt);
}

TEST_F(WorkerSlotTest, LongNameIsCutBetweenCharacters) {
  BareWorker worker(path_);
  WorkerSlot slot(worker.segment(), std::string(31, 'x') + "\u00e9");
  const ForkGuard::Lock lock;
  ASSERT_TRUE(slot.Hold().ok());
  EXPECT_EQ(testing::Read(path_).snapshot().workers[0].name, std::string(31, 'x'));
}

}  // namespace
}  // namespace shmetrics::shm
