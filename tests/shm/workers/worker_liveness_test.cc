// Worker slots seen from outside, in situations where other proofs of life are wrong.

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>

#include "shm/base/unique_fd.h"
#include "shm/snapshot/snapshot.h"
#include "shm/workers/worker_slot.h"
#include "tests/support/slot_holder.h"

namespace shmetrics::shm {
namespace {

using testing::Child;

class WorkerLivenessTest : public testing::SlotHolderTest {};

TEST_F(WorkerLivenessTest, NobodyIsAliveInANewSegment) { EXPECT_EQ(Alive(), 0U); }

// Faults 7 and 9: a stopped worker is alive, and keeps its gauges.
TEST_F(WorkerLivenessTest, StoppedWorkerIsAlive) {
  const Child worker = Worker(Pause);
  worker.Signal(SIGSTOP);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, worker.pid(), &info, WSTOPPED | WNOWAIT), 0);
  EXPECT_EQ(Alive(), 1U);
}

// Fault 6.
TEST_F(WorkerLivenessTest, KilledWorkerIsDead) {
  Child worker = Worker(Pause);
  ASSERT_EQ(Alive(), 1U);
  worker.Kill();
  EXPECT_EQ(Alive(), 0U);
  EXPECT_EQ(testing::Read(path_).snapshot().workers.size(), 1U) << "people still see who was there";
}

// Fault 10.
TEST_F(WorkerLivenessTest, ZombieIsDead) {
  const Child worker = Worker(Pause);
  worker.Signal(SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, worker.pid(), &info, WEXITED | WNOWAIT), 0);  // dead, not reaped
  EXPECT_EQ(Alive(), 0U);
}

TEST_F(WorkerLivenessTest, WorkerThatClosedAllDescriptorsIsAlive) {
  const Child worker = Worker([&] {
    for (int fd = 3; fd < 1'024; fd++) close(fd);
    other_->store(1);
    Pause();
  });
  testing::WaitUntil([&] { return other_->load() == 1; });
  EXPECT_EQ(Alive(), 1U);
}

TEST_F(WorkerLivenessTest, StrangeCodeThatUnlocksAndClosesTheFileChangesNothing) {
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

// Fault 17: a daemonising double fork does this.
TEST_F(WorkerLivenessTest, WorkerIsDeadThoughItsForkedChildLives) {
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

TEST_F(WorkerLivenessTest, WorkerIsDeadThoughItsRawCloneLives) {
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

TEST_F(WorkerLivenessTest, AForkedChildThatEndsTakesNothingWithIt) {
  const Child worker = Worker([&] {
    EXPECT_EQ(testing::RunInChild([] {}), 0);
    other_->store(1);
    Pause();
  });
  testing::WaitUntil([&] { return other_->load() == 1; });
  EXPECT_EQ(Alive(), 1U);
}

// Fault 18.
TEST_F(WorkerLivenessTest, WorkerThatExecutesAnotherProgramIsDead) {
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
TEST_F(WorkerLivenessTest, WorkerIsAliveWhenItsMainThreadHasEnded) {
  Child worker = Worker([&] {
    std::thread([] { Pause(); }).detach();
    syscall(SYS_exit, 0);  // ends only this thread
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

/// Forks a child with the process id that the caller chooses, as the kernel might some day. Returns 0 in the
/// child.
pid_t ForkWithId(pid_t id) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uint64_t>(&id);
  arguments.set_tid_size = 1;
  return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof arguments));
}

// Fault 12.
TEST_F(WorkerLivenessTest, AnotherProgramWithTheIdOfADeadWorkerIsNotTakenForIt) {
  Child worker = Worker(Pause);
  const pid_t id = worker.pid();
  worker.Kill();
  const pid_t next = ForkWithId(id);
  if (next == 0) {
    execlp("sleep", "sleep", "1000", nullptr);
    _exit(127);
  }
  if (next < 0) GTEST_SKIP() << "this user may not choose process ids";
  const Child other(next);
  ASSERT_EQ(next, id);
  EXPECT_EQ(kill(id, 0), 0);
  EXPECT_EQ(testing::Read(path_).snapshot().workers[0].pid, static_cast<std::uint32_t>(id));
  EXPECT_EQ(Alive(), 0U);
}

// Fault 13: its process id means nothing to us.
TEST_F(WorkerLivenessTest, WorkerInAnotherPidNamespaceIsSeenAliveAndDead) {
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
TEST_F(WorkerLivenessTest, ReadLockOfAStrangerIsNoSignOfLife) {
  Child worker = Worker(Pause);
  const UniqueFd stranger(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  struct flock everything {};
  everything.l_type = F_RDLCK;
  worker.Kill();
  ASSERT_EQ(fcntl(stranger.get(), F_OFD_SETLK, &everything), 0);
  ASSERT_EQ(flock(stranger.get(), LOCK_SH), 0);
  EXPECT_EQ(Alive(), 0U);
}

// Fault 28.
TEST_F(WorkerLivenessTest, AStrangerOfAnotherUserCannotEvenOpenTheFile) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
  EXPECT_EQ(chmod(folder_.path().c_str(), 0711), 0);
  EXPECT_EQ(testing::RunInChild([&] {
              ASSERT_EQ(setgroups(0, nullptr), 0);
              ASSERT_EQ(setresgid(20'001, 20'001, 20'001), 0);
              ASSERT_EQ(setresuid(20'001, 20'001, 20'001), 0);
              EXPECT_EQ(open(path_.c_str(), O_RDONLY | O_CLOEXEC), -1);
              EXPECT_EQ(errno, EACCES);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics::shm
