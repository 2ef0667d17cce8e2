#ifndef SHMETRICS_TESTS_CRASH_ACTOR_H_
#define SHMETRICS_TESTS_CRASH_ACTOR_H_

#include <sys/types.h>

#include <string>

#include "shm/base/unique_fd.h"
#include "tests/crash/operation.h"
#include "tests/support/child.h"

namespace shmetrics::testing {

/// A process that does an operation when it is told to, and that can be paused at the crash points it passes.
/// Any error in it is a test failure here.
class Actor {
 public:
  /// Returns when everything that comes before the operation is done.
  Actor(const Operation& operation, const std::string& path);

  /// Begins or goes on, until the actor is paused at the `nth` crash point from now on, or is done.
  void RunTo(int nth);
  void RunToEnd();

  bool is_done() const { return point_.empty(); }
  /// Where it is paused; empty if it is not.
  const std::string& point() const { return point_; }
  /// The process that does the operation. If the operation forks, it is the child.
  pid_t pid() const { return pid_; }

  /// Sends SIGKILL, and returns when the kernel has released everything the process held.
  void Kill();
  /// Ends a process that is done and has stayed alive since.
  void Leave();

 private:
  void ReadReport();

  shm::UniqueFd socket_;
  Child process_;
  pid_t pid_ = -1;
  std::string point_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CRASH_ACTOR_H_
