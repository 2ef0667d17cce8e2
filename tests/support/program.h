#ifndef SHMETRICS_TESTS_SUPPORT_PROGRAM_H_
#define SHMETRICS_TESTS_SUPPORT_PROGRAM_H_

#include <optional>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "tests/support/child.h"

namespace shmetrics::testing {

/// A program that runs beside the test. It dies with this object.
class Program {
 public:
  /// `arguments` begin with the program: a path, or a name to be found in $PATH.
  explicit Program(const std::vector<std::string>& arguments, const std::string& input = {});

  /// Its output so far.
  std::string output() const;
  std::string errors() const;
  /// Waits until its output or its errors contain `text`, and returns what follows on that line. Nothing if
  /// it ends without writing it.
  std::optional<std::string> WaitForText(const std::string& text);
  bool HasEnded();
  pid_t pid() const { return child_->pid(); }

  void Signal(int signal) const { child_->Signal(signal); }
  void Kill() { child_->Kill(); }
  /// Like Child::Wait(); 127 if there is no such program.
  int Wait();

 private:
  shm::UniqueFd input_;
  shm::UniqueFd output_;
  shm::UniqueFd errors_;
  std::optional<Child> child_;
};

/// How a program ended, and its output.
struct Ended {
  int code;
  std::string output;
  std::string errors;
};
Ended RunProgram(const std::vector<std::string>& arguments, const std::string& input = {});

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_PROGRAM_H_
