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

TEST_F(MainLoopTest, TasksRunAgainAndAgainAndSomeOnceMoreAtTheEnd) {
  int saves = 0;
  int pings = 0;
  RunUntilStopped(signals_,
                  {{"", 1ms,
                    [&] {
                      if (++saves == 3) Send(SIGTERM);
                    },
                    true},
                   {"", 1us, [&] { ++pings; }}},
                  [] {});
  EXPECT_EQ(saves, 4);
  EXPECT_GE(pings, 3);
}

TEST_F(MainLoopTest, AnExceptionOfATaskIsLoggedAndTheTaskRunsAgain) {
  StartLog(LogLevel::kInfo, LogFormat::kLogfmt);
  ::testing::internal::CaptureStderr();
  int saves = 0;
  RunUntilStopped(signals_,
                  {{"the ledger could not be saved: ", 1ms,
                    [&] {
                      if (++saves == 2) Send(SIGINT);
                      throw std::bad_alloc();
                    },
                    true}},
                  [] {});
  EXPECT_EQ(saves, 3);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("the ledger could not be saved: std::bad_alloc"));
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
