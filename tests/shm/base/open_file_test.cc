#include "shm/base/open_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>

#include "tests/support/child.h"

namespace shmetrics::shm {
namespace {

TEST(OpenFileTest, NeverTakesAStandardStreamsNumberAndGivesTheFillersBack) {
  EXPECT_EQ(testing::RunInChild([] {
              const int report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 100);
              for (int stream = 0; stream <= 2; stream++) close(stream);
              const UniqueFd file = OpenFile("/dev/null", O_RDWR);
              const bool are_free =
                  fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1;
              dup2(report, STDERR_FILENO);
              EXPECT_GT(file.get(), 2);
              EXPECT_TRUE(are_free) << "the application may want to open them itself";
              EXPECT_EQ(fcntl(file.get(), F_GETFD), FD_CLOEXEC);
            }),
            0);
}

TEST(OpenFileTest, SaysByErrnoWhyItFailed) {
  EXPECT_FALSE(OpenFile("/no/such/file", O_RDONLY).valid());
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace shmetrics::shm
