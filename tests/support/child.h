#ifndef SHMETRICS_TESTS_SUPPORT_CHILD_H_
#define SHMETRICS_TESTS_SUPPORT_CHILD_H_

#include <sys/types.h>

#include <functional>

namespace shmetrics::testing {

/// A forked process of the test. It dies with this object, and with the test, however that ends.
class Child {
 public:
  /// The child runs `body` and ends at once, without destructors. It exits with 0, or with 1 if an
  /// expectation failed in it. What failed in the parent before the fork does not count.
  explicit Child(const std::function<void()>& body);
  /// Takes over a process that the test has made by other means.
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  /// Kills it. The process is gone when this returns.
  void Kill();
  /// Waits for its end. Returns its exit code, or 128 + the signal that ended it.
  int Wait();

 private:
  pid_t pid_;  ///< -1 when it has been waited for
};

/// Runs `body` in a child, so that it leaves no traces in this process. Returns how the child ended.
int RunInChild(const std::function<void()>& body);

/// Makes the calling process die with its parent.
void DieWithParent();

/// Waits until `condition` holds, however long it takes, or until the test has failed: then the condition may
/// never hold.
void WaitUntil(const std::function<bool()>& condition);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_CHILD_H_
