#include "tests/soak/herd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "shm/base/clock.h"
#include "tests/soak/worker.h"
#include "tests/support/child.h"

namespace shmetrics::soak {
namespace {

struct Pipe {
  shm::UniqueFd exit, entrance;
};

Pipe MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return Pipe{shm::UniqueFd(), shm::UniqueFd()};
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {shm::UniqueFd(ends[0]), shm::UniqueFd(ends[1])};
}

/// Runs a worker in a process that holds no ends of pipes but its own. So when the test ends, nobody reads
/// them any more.
[[noreturn]] void RunWorker(WorkerTerms terms) {
  testing::DieWithParent();
  constexpr int kPipe = 3, kChildsPipe = 4;
  const int pipe = fcntl(terms.pipe, F_DUPFD, 1'000);
  const int childs_pipe = fcntl(terms.childs_pipe, F_DUPFD, 1'000);
  terms.pipe = dup2(pipe, kPipe);
  terms.childs_pipe = dup2(childs_pipe, kChildsPipe);
  close_range(kChildsPipe + 1, ~0U, 0);
  Worker(terms).Run();
}

shm::UniqueFd HandleOf(pid_t pid) { return shm::UniqueFd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))); }

}  // namespace

Herd::~Herd() { KillAll(); }

void Herd::StartWorker() {
  prctl(PR_SET_CHILD_SUBREAPER, 1);  // this process inherits the children of dead workers
  Pipe pipe = MakePipe(), childs_pipe = MakePipe();
  ASSERT_TRUE(pipe.exit.valid() && childs_pipe.exit.valid()) << "no more pipes";
  const std::uint32_t incarnation = std::exchange(next_incarnation_, next_incarnation_ + 2);
  const pid_t pid = fork();
  if (pid == 0) RunWorker({registry_, seed_, incarnation, pipe.entrance.get(), childs_pipe.entrance.get()});
  ASSERT_GT(pid, 0) << "cannot fork";
  living_.push_back(
      {.incarnation = incarnation, .pid = pid, .pipe = std::move(pipe.exit), .handle = HandleOf(pid)});
  unborn_.push_back(
      {.incarnation = incarnation + 1, .pipe = std::move(childs_pipe.exit), .handle = shm::UniqueFd()});
}

void Herd::Listen() {
  MeetChildren();
  for (Process& process : living_) process.has_ended = !Listen(process);
}

bool Herd::Listen(Process& process) {
  std::array<Record, 512> records;
  for (;;) {
    const ssize_t bytes = read(process.pipe.get(), records.data(), sizeof records);
    if (bytes < 0) return true;
    if (bytes == 0) return false;
    const auto count = static_cast<std::size_t>(bytes) / sizeof(Record);
    EXPECT_EQ(static_cast<std::size_t>(bytes) % sizeof(Record), 0U) << "half a record";
    for (std::size_t i = 0; i < count; i++) {
      if (records[i].kind == Kind::kBorn) process.pid = static_cast<pid_t>(records[i].number);
      if (records[i].kind == Kind::kHolding) process.holding = static_cast<Holding>(records[i].number);
      if (records[i].kind == Kind::kLetGo) process.holding = Holding::kNot;
      ledger_.Note(process.incarnation, records[i]);
    }
    process.said += count;
  }
}

void Herd::MeetChildren() {
  for (auto child = unborn_.begin(); child != unborn_.end();) {
    const bool may_come = Listen(*child);
    if (child->pid != 0) {
      child->handle = HandleOf(child->pid);
      forks_++;
      living_.push_back(std::move(*child));
    }
    child = child->pid != 0 || !may_come ? unborn_.erase(child) : std::next(child);
  }
}

void Herd::Kill(std::uint64_t choice, bool replace) {
  if (living_.empty()) return;
  const auto chosen = living_.begin() + static_cast<std::ptrdiff_t>(choice % living_.size());
  const std::int64_t killed_at = shm::NowNs(CLOCK_MONOTONIC);
  kill(chosen->pid, SIGKILL);
  pollfd dead{.fd = chosen->handle.get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&dead, 1, -1), 1);
  Listen(*chosen);
  if (chosen->holding == Holding::kDeciding) holders_killed_++;
  ledger_.NoteDeath(chosen->incarnation, killed_at);
  unreaped_.push_back(std::move(chosen->handle));
  const bool is_child = IsChild(chosen->incarnation);
  living_.erase(chosen);
  Reap();
  kills_++;
  if (replace && !is_child) StartWorker();
}

bool Herd::KillHolder() {
  Listen();
  const auto holder =
      std::ranges::find_if(living_, [](const Process& process) { return process.holding != Holding::kNot; });
  if (holder == living_.end()) return false;
  Kill(static_cast<std::uint64_t>(holder - living_.begin()));
  return true;
}

void Herd::KillAll() {
  while (!living_.empty() || !unborn_.empty()) {
    Kill(0, false);
    MeetChildren();
  }
  testing::WaitUntil([this] {
    Reap();
    return unreaped_.empty();
  });
}

/// While a worker lives, only it can wait for its child, so the child stays a zombie.
void Herd::Reap() {
  std::erase_if(unreaped_, [](const shm::UniqueFd& handle) {
    siginfo_t info{};
    if (waitid(P_PIDFD, static_cast<id_t>(handle.get()), &info, WEXITED | WNOHANG) != 0 || info.si_pid == 0)
      return false;
    EXPECT_EQ(info.si_status, SIGKILL) << "worker " << info.si_pid << " has ended by itself";
    return true;
  });
}

void Herd::Stop(std::uint64_t choice, int turns) {
  if (living_.empty()) return;
  Process& process = living_[choice % living_.size()];
  kill(process.pid, SIGSTOP);
  process.stopped_turns = turns;
  stops_++;
}

void Herd::Turn() {
  for (Process& process : living_) {
    if (process.stopped_turns > 0 && --process.stopped_turns == 0) kill(process.pid, SIGCONT);
  }
}

void Herd::AwaitProgress() {
  Listen();
  for (Process& process : living_) {
    kill(process.pid, SIGCONT);
    process.stopped_turns = 0;
  }
  for (Process& process : living_) process.said = 0;
  testing::WaitUntil([this] {
    Listen();
    return std::ranges::all_of(living_,
                               [](const Process& process) { return process.said > 10 || process.has_ended; });
  });
}

}  // namespace shmetrics::soak
