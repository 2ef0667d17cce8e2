#include "agent/http/response_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace shmetrics::agent {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::size_t kMegabyte = 1'000'000;

HttpResponse AnswerOf(std::size_t bytes) { return {200, "text/plain", std::string(bytes, 'x')}; }

// Fault A5.
TEST(ResponseBudgetTest, WhatDoesNotFitIsA503ThatNamesTheSettingAndIsCounted) {
  ResponseBudget budget(3 * kMegabyte);
  const auto first = budget.Admit(AnswerOf(2 * kMegabyte));
  EXPECT_EQ(first->status, 200);
  EXPECT_GE(budget.in_flight(), 2 * kMegabyte);
  const auto second = budget.Admit(AnswerOf(2 * kMegabyte));
  EXPECT_EQ(second->status, 503);
  EXPECT_THAT(second->body, HasSubstr("[web] max_response_bytes_in_flight"));
  EXPECT_THAT(second->headers, Contains(Pair("Retry-After", "5")));
  EXPECT_EQ(budget.refused(), 1U);
}

// Fault A5.
TEST(ResponseBudgetTest, TheBytesCountOnceUntilTheLastWhoIsSentThemLetsGo) {
  ResponseBudget budget(3 * kMegabyte);
  auto one = budget.Admit(AnswerOf(2 * kMegabyte));
  auto other = one;
  one.reset();
  EXPECT_GE(budget.in_flight(), 2 * kMegabyte);
  EXPECT_LT(budget.in_flight(), 3 * kMegabyte);
  other.reset();
  EXPECT_EQ(budget.in_flight(), 0U);
  EXPECT_EQ(budget.Admit(AnswerOf(2 * kMegabyte))->status, 200);
}

// Fault A5.
TEST(ResponseBudgetTest, ASmallAnswerFitsHoweverMuchIsInFlight) {
  ResponseBudget budget(kMegabyte);
  const auto large = budget.Admit(AnswerOf(kMegabyte));
  ASSERT_EQ(large->status, 200);
  EXPECT_EQ(budget.Admit(AnswerOf(1'000))->status, 200);
}

TEST(ResponseBudgetTest, ALowerLimitHoldsForTheNextAnswer) {
  ResponseBudget budget(3 * kMegabyte);
  const auto kept = budget.Admit(AnswerOf(2 * kMegabyte));
  budget.SetLimit(kMegabyte);
  EXPECT_EQ(budget.Admit(AnswerOf(100'000))->status, 503);
  budget.SetLimit(3 * kMegabyte);
  EXPECT_EQ(budget.Admit(AnswerOf(100'000))->status, 200);
}

TEST(ResponseBudgetTest, ThreadsTogetherNeverHaveMoreInFlightThanTheLimit) {
  ResponseBudget budget(4 * kMegabyte);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&budget] {
      for (int j = 0; j < 200; j++) {
        const auto kept = budget.Admit(AnswerOf(kMegabyte + 100'000));
        EXPECT_LE(budget.in_flight(), 4 * kMegabyte);
      }
    });
  }
  threads.clear();
  EXPECT_EQ(budget.in_flight(), 0U);
  EXPECT_LE(budget.refused(), 800U);
}

}  // namespace
}  // namespace shmetrics::agent
