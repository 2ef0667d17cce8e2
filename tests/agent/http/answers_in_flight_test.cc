#include "agent/http/answers_in_flight.h"

#include <gtest/gtest.h>

#include <thread>

namespace shmetrics::agent {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)

TEST(AnswersInFlightTest, TheWaitEndsWhenTheLastAnswerHasThreads) {
  AnswersInFlight answers;
  EXPECT_TRUE(answers.WaitUntilNone(steady_clock::now()));
  answers.Begin();
  answers.Begin();
  answers.End();
  EXPECT_FALSE(answers.WaitUntilNone(steady_clock::now() + 1ms));
  std::jthread other([&] { answers.End(); });
  EXPECT_TRUE(answers.WaitUntilNone(steady_clock::now() + 60s));
}

}  // namespace
}  // namespace shmetrics::agent
