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

/// A process that does something one instruction at a time, controlled by ptrace. It dies with this object.
class Tracee {
 public:
  /// True if this user may trace, and this kernel answers what a Tracee asks.
  static bool IsPossible();

  /// Runs `begin` at full speed, in a new process or in a child of that. Then does what it returns, step by
  /// step.
  explicit Tracee(const std::function<std::function<void()>()>& begin);
  ~Tracee();
  Tracee(const Tracee&) = delete;
  Tracee& operator=(const Tracee&) = delete;

  /// Runs one more instruction; a system call counts as one. False if everything is done.
  bool Step();
  /// From now on a call of `function` counts as one instruction too.
  void StepOver(const void* function) { skipped_ = reinterpret_cast<std::uint64_t>(function); }
  bool is_done() const { return shared_->is_done.load(); }

  pid_t pid() const { return pid_; }
  /// Where the next instruction is: a program or library, and the address for addr2line.
  std::string NextInstruction() const;

  /// The addresses in its memory of the futex words that the kernel would look at if it died now. They belong
  /// to the robust mutexes that it holds, or is just locking or unlocking.
  std::vector<std::uint64_t> RobustWords() const;

 private:
  struct Shared {
    std::atomic<pid_t> ready;  ///< the process that is about to begin
    std::atomic<bool> is_done;
  };
  void WaitUntilReady();
  void FindPrivate();
  void ReadPrivate();
  void RunToReturn();
  user_regs_struct Registers() const;
  /// Continues with this request, until it stops with this signal.
  void Continue(int how, int stop);

  SharedPage<Shared> shared_;
  pid_t first_;     ///< forked by the test
  pid_t pid_ = -1;  ///< the same, or a descendant
  std::uint64_t skipped_ = 0;
  std::uint64_t robust_head_ = 0;
  std::uint64_t rseq_cs_ = 0;  ///< address of the pointer to its restartable sequence; 0: none
  // The values of those two after the last step.
  robust_list_head robust_{};
  std::uint64_t rseq_section_ = 0;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_TRACEE_H_
