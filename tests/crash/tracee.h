#ifndef SHMETRICS_TESTS_CRASH_TRACEE_H_
#define SHMETRICS_TESTS_CRASH_TRACEE_H_

#include <linux/futex.h>
#include <sys/types.h>
#include <sys/user.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/shared_page.h"

namespace shmetrics::testing {

/// A process that does something one instruction at a time, held by ptrace. It dies with this object.
class Tracee {
 public:
  /// Whether this user may trace, and this kernel says what a Tracee asks.
  static bool IsPossible();

  /// Runs `begin` at full speed, in a new process or in a child of that; what it answers is then done step by step.
  explicit Tracee(const std::function<std::function<void()>()>& begin);
  ~Tracee();
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;

  /// Runs one more instruction, a system call being one. False if there is none, because all is done.
  bool Step();
  /// From now on a call of `function` is one instruction too.
  void StepOver(const void* function) { skipped_ = reinterpret_cast<std::uint64_t>(function); }
  bool is_done() const { return shared_->is_done.load(); }

  pid_t pid() const { return pid_; }
  /// Where the next instruction is: a program or library, and the address that addr2line wants.
  std::string NextInstruction() const;

  /// Where in its memory the futex words are that the kernel would look at if it died now: of the robust mutexes that it
  /// holds, or is just taking or giving back.
  std::vector<std::uint64_t> RobustWords() const;

 private:
  struct Shared {
    std::atomic<pid_t> ready;  ///< who is about to begin
    std::atomic<bool> is_done;
  };
  void WaitUntilReady();
  void FindPrivate();
  void ReadPrivate();
  void RunToReturn();
  user_regs_struct Registers() const;
  /// By this request, until it stops with this signal.
  void Continue(int how, int stop);

  SharedPage<Shared> shared_;
  pid_t first_;     ///< forked by the test
  pid_t pid_ = -1;  ///< the same, or a descendant
  std::uint64_t skipped_ = 0;
  std::uint64_t robust_head_ = 0;
  std::uint64_t rseq_cs_ = 0;  ///< where it says in which restartable sequence it is; 0: nowhere
  // What those two said after the last step.
  robust_list_head robust_{};
  std::uint64_t rseq_section_ = 0;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_TRACEE_H_
