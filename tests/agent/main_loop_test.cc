#include "agent/main_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <new>
#include <string>

#include "agent/base/log.h"

namespace shmetrics::agent {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using ::testing::HasSubstr;

class MainLoopTest : public ::testing::Test {
 protected:
  MainLoopTest() {
    pthread_sigmask(SIG_SETMASK, nullptr, &former_);
    signals_ = BlockSignals();
  }
  ~MainLoopTest() override { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

  static void Send(int signal) { pthread_kill(pthread_self(), signal); }

  sigset_t former_{};
  sigset_t signals_{};
};

TEST_F(MainLoopTest, TasksRunAgainAndAgain) {
  int saves = 0;
  int pings = 0;
  RunUntilStopped(signals_,
                  {{"", 1ms,
                    [&] {
                      if (++saves == 3) Send(SIGTERM);
                    }},
                   {"", 1us, [&] { ++pings; }}},
                  [] {});
  EXPECT_EQ(saves, 3);
  EXPECT_GE(pings, 3);
}

TEST_F(MainLoopTest, WithoutATaskItWaitsForSignals) {
  Send(SIGTERM);
  RunUntilStopped(signals_, {}, [] {});
}

TEST_F(MainLoopTest, AnExceptionOfATaskIsLoggedAndTheTaskRunsAgain) {
  StartLog(LogLevel::kInfo, LogFormat::kLogfmt);
  ::testing::internal::CaptureStderr();
  int runs = 0;
  RunUntilStopped(signals_,
                  {{"the task failed: ", 1ms,
                    [&] {
                      if (++runs == 2) Send(SIGINT);
                      throw std::bad_alloc();
                    }}},
                  [] {});
  EXPECT_EQ(runs, 2);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("the task failed: std::bad_alloc"));
  EXPECT_THAT(log, HasSubstr("stopping on SIGINT"));
}

TEST_F(MainLoopTest, SighupReloadsAndTheLoopGoesOnAlsoWhenThatThrows) {
  StartLog(LogLevel::kError, LogFormat::kLogfmt);
  ::testing::internal::CaptureStderr();
  int reloads = 0;
  Send(SIGHUP);
  RunUntilStopped(signals_, {{"", 1h, [] {}}}, [&] {
    Send(++reloads < 3 ? SIGHUP : SIGTERM);
    throw std::bad_alloc();
  });
  EXPECT_EQ(reloads, 3);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("the configuration could not be read again"));
}

}  // namespace
}  // namespace shmetrics::agent
