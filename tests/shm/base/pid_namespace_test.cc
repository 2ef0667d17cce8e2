#include "shm/base/pid_namespace.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

TEST(PidNamespaceTest, IsTheInodeThatProcSaysAndTheSameEachTime) {
  struct stat status;
  ASSERT_EQ(stat("/proc/self/ns/pid", &status), 0);
  EXPECT_EQ(PidNamespace(), status.st_ino);
  EXPECT_EQ(PidNamespace(), status.st_ino);
}

TEST(PidNamespaceTest, AChildInANamespaceOfItsOwnIsAskedAgain) {
  const std::uint64_t parents = PidNamespace();
  const int code = testing::RunInChild([parents] {
    if (PidNamespace() != parents) _exit(1);
    if (unshare(CLONE_NEWPID) != 0) _exit(77);
    const pid_t first = fork();
    if (first == 0) _exit(PidNamespace() == parents ? 2 : 0);
    int status = 0;
    waitpid(first, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
  });
  if (code == 77) GTEST_SKIP() << "this user may not make PID namespaces";
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace shmetrics::shm
