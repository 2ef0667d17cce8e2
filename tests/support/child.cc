#include "tests/support/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

namespace shmetrics::testing {
namespace {

/// How many expectations of the running test have failed, in this process and before its fork.
int Failures() {
  const ::testing::TestInfo* test = ::testing::UnitTest::GetInstance()->current_test_info();
  if (test == nullptr) return 0;
  int failures = 0;
  for (int i = 0; i < test->result()->total_part_count(); i++)
    failures += test->result()->GetTestPartResult(i).failed() ? 1 : 0;
  return failures;
}

[[noreturn]] void RunAndEnd(const std::function<void()>& body) {
  DieWithParent();
  int code = 1;
  const int failed_before = Failures();
  try {
    body();
    code = Failures() > failed_before ? 1 : 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a child ended by an exception: %s\n", error.what());
  }
  std::fflush(nullptr);
  _exit(code);
}

pid_t ForkAndRun(const std::function<void()>& body) {
  std::fflush(nullptr);  // else the child prints it too
  const pid_t pid = fork();
  if (pid == 0) RunAndEnd(body);
  return pid;
}

}  // namespace

void DieWithParent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

Child::Child(const std::function<void()>& body) : pid_(ForkAndRun(body)) {
  EXPECT_GT(pid_, 0) << "cannot fork";
}

Child::~Child() { Kill(); }

Child::Child(Child&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

void Child::Signal(int signal) const {
  if (pid_ > 0) kill(pid_, signal);
}

void Child::Kill() {
  Signal(SIGKILL);
  Wait();
}

int Child::Wait() {
  if (pid_ <= 0) return -1;
  int status = 0;
  pid_t waited;
  do {
    waited = waitpid(pid_, &status, 0);
  } while (waited < 0 && errno == EINTR);
  pid_ = -1;
  if (waited < 0) return -1;
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int RunInChild(const std::function<void()>& body) { return Child(body).Wait(); }

void WaitUntil(const std::function<bool()>& condition) {
  while (!condition() && !::testing::Test::HasFailure())
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace shmetrics::testing
