#include "client-lib/binding/detached_ledger.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/child.h"

namespace shmetrics::internal {
namespace {

using Intent = shm::Ledger::Intent;

shm::AmountLimitOf Limit(std::optional<std::uint64_t> limit) {
  return [limit](std::uint32_t) { return limit; };
}

TEST(DetachedLedgerTest, AmountsAddUpToTheLimitAndNoFurther) {
  EXPECT_EQ(DetachedLedger::Spend("a", 20, Intent::kSpend, Limit(30))->account.amount, 20U);
  const auto refused = DetachedLedger::Spend("a", 11, Intent::kSpend, Limit(30));
  EXPECT_FALSE(refused->allowed);
  EXPECT_EQ(refused->account.amount, 20U);
  EXPECT_TRUE(DetachedLedger::Spend("a", 10, Intent::kSpend, Limit(30))->allowed);
  EXPECT_TRUE(DetachedLedger::Spend("a", UINT64_MAX - 100, Intent::kAsk, Limit(std::nullopt))->allowed);
  EXPECT_FALSE(DetachedLedger::Spend("a", UINT64_MAX, Intent::kAsk, Limit(30))->allowed);
}

TEST(DetachedLedgerTest, AskingSpendsNothingAndKeysAreApart) {
  EXPECT_TRUE(DetachedLedger::Spend("b", 30, Intent::kAsk, Limit(30))->allowed);
  EXPECT_TRUE(DetachedLedger::Spend("b", 30, Intent::kSpend, Limit(30))->allowed);
  EXPECT_TRUE(DetachedLedger::Spend("c", 30, Intent::kSpend, Limit(30))->allowed);
}

TEST(DetachedLedgerTest, AChildHasUsedNothing) {
  ASSERT_TRUE(DetachedLedger::Spend("d", 30, Intent::kSpend, Limit(30))->allowed);
  EXPECT_EQ(testing::RunInChild(
                [] { EXPECT_TRUE(DetachedLedger::Spend("d", 30, Intent::kSpend, Limit(30))->allowed); }),
            0);
}

}  // namespace
}  // namespace shmetrics::internal
