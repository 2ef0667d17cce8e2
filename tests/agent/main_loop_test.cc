#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <new>
#include <string>

#include "agent/log.h"
#include "agent/save_loop.h"

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;

class SaveLoopTest : public ::testing::Test {
 protected:
  SaveLoopTest() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, &former_);
  }
  ~SaveLoopTest() override { pthread_sigmask(SIG_SETMASK, &former_, nullptr); }

  static void Stop() { pthread_kill(pthread_self(), SIGTERM); }

  static constexpr timespec kPeriod{0, 1'000'000};
  sigset_t signals_;
  sigset_t former_;
};

TEST_F(SaveLoopTest, ItSavesAgainAndAgainAndOnceMoreWhenItStops) {
  int saves = 0;
  SaveUntil(signals_, kPeriod, [&saves] {
    if (++saves == 3) Stop();
  });
  EXPECT_EQ(saves, 4);
}

TEST_F(SaveLoopTest, WhatSavingThrowsIsLoggedAndTheNextTimeItIsTriedAgain) {
  StartLog(LogLevel::kInfo);
  ::testing::internal::CaptureStderr();
  int saves = 0;
  SaveUntil(signals_, kPeriod, [&saves] {
    if (++saves == 2) Stop();
    throw std::bad_alloc();
  });
  EXPECT_EQ(saves, 3);
  const std::string log = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("the ledger could not be saved: std::bad_alloc"));
  EXPECT_THAT(log, HasSubstr("stopping on SIGTERM"));
}

}  // namespace
}  // namespace shmetrics::agent
