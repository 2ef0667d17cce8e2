#include "agent/base/standard_error.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "tests/support/child.h"

namespace shmetrics::agent {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

constexpr std::size_t kPipeBytes = 4'096;

/// Runs `body` in a child whose stderr is a pipe of one page, and which has the other end of it.
template <class Body>
int WithPipe(const Body& body) {
  return testing::RunInChild([&] {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(kPipeBytes));
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    body(ends[0]);
  });
}

TEST(StandardErrorTest, WhatIsWrittenArrivesWhole) {
  const int code = WithPipe([](int reader) {
    EXPECT_TRUE(WriteToStandardError("a line\n", kForEver));
    std::string read_back(7, '\0');
    EXPECT_EQ(read(reader, read_back.data(), read_back.size()), 7);
    EXPECT_EQ(read_back, "a line\n");
  });
  EXPECT_EQ(code, 0);
}

// Fault A4.
TEST(StandardErrorTest, AReaderWhoStandsStillIsNotWaitedForLongerThanSaid) {
  EXPECT_EQ(WithPipe([](int) { EXPECT_FALSE(WriteToStandardError(std::string(3 * kPipeBytes, 'x'), 10ms)); }),
            0);
}

TEST(StandardErrorTest, WithoutAReaderOrAStreamNothingIsWritten) {
  const int code = WithPipe([](int reader) {
    close(reader);
    EXPECT_FALSE(WriteToStandardError("a line\n", kForEver));
    close(STDERR_FILENO);
    EXPECT_FALSE(WriteToStandardError("a line\n", kForEver));
  });
  EXPECT_EQ(code, 0);
}

}  // namespace
}  // namespace shmetrics::agent
