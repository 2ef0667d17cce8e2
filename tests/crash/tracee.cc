#include "tests/crash/tracee.h"

#include <dlfcn.h>
#include <linux/rseq.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <stdexcept>

#include "tests/support/child.h"

namespace shmetrics::testing {
namespace {

/// Far more mutexes than anything holds at once. It ends the walk of a damaged list.
constexpr int kMostMutexes = 64;

bool IsStopped(int status, int signal) { return WIFSTOPPED(status) && status >> 8 == signal; }

void Require(bool condition) {
  if (!condition) throw std::runtime_error("the traced process ended early");
}

iovec At(std::uint64_t address, std::size_t bytes) { return {reinterpret_cast<void*>(address), bytes}; }

void KillAndWait(pid_t pid) {
  int status = 0;
  kill(pid, SIGKILL);
  while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
  }
}

}  // namespace

bool Tracee::IsPossible() try {
  Tracee tracee([] { return [] {}; });
  return tracee.Step() && tracee.robust_head_ != 0;
} catch (const std::runtime_error&) {
  return false;
}

Tracee::Tracee(const std::function<std::function<void()>()>& begin) : first_(fork()) {
  if (first_ == 0) {
    DieWithParent();
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    raise(SIGSTOP);
    const std::function<void()> body = begin();
    shared_->ready = getpid();
    raise(SIGSTOP);
    body();
    shared_->is_done = true;
    raise(SIGSTOP);
    _exit(0);
  }
  try {
    WaitUntilReady();
    FindPrivate();
  } catch (...) {
    KillAndWait(first_);
    throw;
  }
}

/// Follows it into its children, until one says that it is about to begin.
void Tracee::WaitUntilReady() {
  int status = 0;
  Require(waitpid(first_, &status, 0) == first_ && IsStopped(status, SIGSTOP));
  ptrace(PTRACE_SETOPTIONS, first_, nullptr, PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK);
  ptrace(PTRACE_CONT, first_, nullptr, nullptr);
  for (;;) {
    const pid_t stopped = waitpid(-1, &status, __WALL);
    Require(stopped > 0 && WIFSTOPPED(status));
    if (stopped == shared_->ready && IsStopped(status, SIGSTOP)) {
      pid_ = stopped;
      return;
    }
    ptrace(PTRACE_CONT, stopped, nullptr, nullptr);
  }
}

void Tracee::FindPrivate() {
  std::size_t bytes = 0;
  void* head = nullptr;
  syscall(SYS_get_robust_list, pid_, &head, &bytes);
  robust_head_ = reinterpret_cast<std::uint64_t>(head);
  __ptrace_rseq_configuration rseq{};
  if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, pid_, sizeof rseq, &rseq) > 0 && rseq.rseq_abi_pointer != 0)
    rseq_cs_ = rseq.rseq_abi_pointer + offsetof(struct rseq, rseq_cs);
  ReadPrivate();
}

void Tracee::ReadPrivate() {
  const iovec here[] = {{&robust_, sizeof robust_}, {&rseq_section_, sizeof rseq_section_}};
  const iovec there[] = {At(robust_head_, sizeof robust_), At(rseq_cs_, sizeof rseq_section_)};
  const int parts = rseq_cs_ == 0 ? 1 : 2;
  Require(process_vm_readv(pid_, here, parts, there, parts, 0) >= static_cast<ssize_t>(sizeof robust_));
}

Tracee::~Tracee() {
  if (pid_ > 0 && pid_ != first_) KillAndWait(pid_);
  KillAndWait(first_);
}

bool Tracee::Step() {
  if (is_done()) return false;
  if (skipped_ != 0 && Registers().rip == skipped_) {
    RunToReturn();
    return true;
  }
  // The kernel aborts a restartable sequence at each stop, so none would ever end. Clearing rseq_cs hides the
  // sequence from the kernel.
  if (rseq_section_ != 0) {
    const std::uint64_t none = 0;
    const iovec here{const_cast<std::uint64_t*>(&none), sizeof none};
    const iovec there = At(rseq_cs_, sizeof none);
    process_vm_writev(pid_, &here, 1, &there, 1, 0);
  }
  Continue(PTRACE_SINGLESTEP, SIGTRAP);
  ReadPrivate();
  return true;
}

void Tracee::Continue(int how, int stop) {
  int status = 0;
  Require(ptrace(static_cast<__ptrace_request>(how), pid_, nullptr, nullptr) == 0 &&
          waitpid(pid_, &status, __WALL) == pid_ && IsStopped(status, stop));
}

/// Runs from the first instruction of a function to the one after its call, which has a breakpoint meanwhile.
void Tracee::RunToReturn() {
  user_regs_struct registers = Registers();
  std::uint64_t caller = 0;
  const iovec here{&caller, sizeof caller};
  const iovec there = At(registers.rsp, sizeof caller);
  Require(process_vm_readv(pid_, &here, 1, &there, 1, 0) == sizeof caller);
  constexpr long kBreakpoint = 0xCC, kOneByte = 0xFF;
  void* const address = reinterpret_cast<void*>(caller);
  const long code = ptrace(PTRACE_PEEKTEXT, pid_, address, nullptr);
  ptrace(PTRACE_POKETEXT, pid_, address, (code & ~kOneByte) | kBreakpoint);
  Continue(PTRACE_CONT, SIGTRAP);
  ptrace(PTRACE_POKETEXT, pid_, address, code);
  registers = Registers();
  registers.rip = caller;
  ptrace(PTRACE_SETREGS, pid_, nullptr, &registers);
  ReadPrivate();
}

user_regs_struct Tracee::Registers() const {
  user_regs_struct registers{};
  ptrace(PTRACE_GETREGS, pid_, nullptr, &registers);
  return registers;
}

/// Looks the address up in the test's own process, from which the tracee was forked: both have the same
/// programs at the same addresses.
std::string Tracee::NextInstruction() const {
  const std::uint64_t address = Registers().rip;
  Dl_info object{};
  if (dladdr(reinterpret_cast<void*>(address), &object) == 0) return "?";
  char offset[32];
  std::snprintf(offset, sizeof offset, " %#lx", address - reinterpret_cast<std::uint64_t>(object.dli_fbase));
  return object.dli_fname + std::string(offset);
}

// As in exit_robust_list() in the kernel's kernel/futex/core.c: the list, and the one entry that is being
// added or removed.
std::vector<std::uint64_t> Tracee::RobustWords() const {
  constexpr std::uint64_t kPriorityInheritance = 1;  // marks an entry, and is no part of its address
  std::vector<std::uint64_t> words;
  const auto add = [&](const void* entry) {
    const std::uint64_t address = reinterpret_cast<std::uint64_t>(entry) & ~kPriorityInheritance;
    words.push_back(address + static_cast<std::uint64_t>(robust_.futex_offset));
  };
  robust_list* entry = robust_.list.next;
  for (int i = 0; i < kMostMutexes && reinterpret_cast<std::uint64_t>(entry) != robust_head_; i++) {
    add(entry);
    const iovec here{&entry, sizeof entry};
    const iovec there = At(reinterpret_cast<std::uint64_t>(entry) & ~kPriorityInheritance, sizeof entry);
    if (process_vm_readv(pid_, &here, 1, &there, 1, 0) < 0) break;
  }
  if (robust_.list_op_pending != nullptr) add(robust_.list_op_pending);
  return words;
}

}  // namespace shmetrics::testing
