#include "shm/base/task_state.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

using testing::Child;

TEST(TaskStateTest, TellsWhatAProcessDoes) {
  Child child([] {
    // A name may look like the end of a name.
    prctl(PR_SET_NAME, ") R (");
    for (;;) pause();
  });
  const auto number = static_cast<std::uint32_t>(child.pid());
  testing::WaitUntil([&] { return TaskState(number) == 'S'; });
  child.Signal(SIGSTOP);
  testing::WaitUntil([&] { return TaskState(number) == 'T'; });
  EXPECT_EQ(TaskState(static_cast<std::uint32_t>(getpid())), 'R');
  child.Kill();
  EXPECT_EQ(TaskState(number), 0);
  EXPECT_EQ(TaskState(0), 0);
}

// Without /proc, or with that of another namespace, whoever has that number there is somebody else.
TEST(TaskStateTest, TellsNothingIfProcIsNotOfThisNamespace) {
  const int ended = testing::RunInChild([] {
    if (unshare(CLONE_NEWPID) != 0) _exit(77);
    EXPECT_EQ(testing::RunInChild([] { EXPECT_EQ(TaskState(1), 0); }), 0);
  });
  if (ended == 77) GTEST_SKIP() << "this user may not make PID namespaces";
  EXPECT_EQ(ended, 0);
}

}  // namespace
}  // namespace shmetrics::shm
