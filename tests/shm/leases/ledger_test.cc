#include "shm/leases/ledger.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <string>
#include <thread>
#include <vector>

#include "shm/layout/layout.h"
#include "shm/leases/lease_shard.h"
#include "shm/segment/segment_options.h"
#include "shm/snapshot/lease_reader.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::shm {
namespace {

using testing::Lessee;
using Intent = Ledger::Intent;

constexpr std::uint64_t kUnit = 1'000'000'000;

Ledger::LimitOf Limit(std::optional<std::uint64_t> limit) {
  return [limit](std::uint32_t) { return limit; };
}

class LedgerTest : public ::testing::Test {
 protected:
  Ledger::Decision Spend(std::string_view key, std::uint64_t amount, std::optional<std::uint64_t> limit,
                         Intent intent = Intent::kSpend) {
    return ledger_.Spend(key, amount, intent, Limit(limit)).value();
  }
  std::uint64_t Used(std::string_view key) { return ledger_.Read(key)->amount; }

  /// Makes the key's amount one of another day.
  void MoveToDay(std::string_view key, std::int64_t day) {
    const LedgerRecord record = RecordOf(key);
    const std::uint32_t entries = layout::kLeaseShards;
    for (std::uint32_t shard = 0; shard < entries; shard++) {
      const Result<LeaseShard> taken = LeaseShard::Lock(segment(), shard);
      taken->ledger().ForEach([&](layout::LedgerEntry& entry) {
        if (IsInUse(entry) && KeyOf(entry) == key)
          entry.state = {static_cast<std::int32_t>(day), 0, record.amount};
      });
    }
  }
  LedgerRecord RecordOf(std::string_view key) {
    std::vector<LedgerRecord> records;
    ReadLedgerRecords(segment(), &records);
    for (const LedgerRecord& record : records) {
      if (record.key == key) return record;
    }
    return {};
  }
  const Segment& segment() { return lessee_.worker().segment(); }

  static SegmentOptions Options() {
    SegmentOptions options = testing::SmallSegment();
    options.ledger_limit = 512;
    return options;
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  Lessee lessee_{path_, Options()};
  Ledger ledger_{segment(), lessee_.worker().arena()};
};

TEST_F(LedgerTest, AmountsAddUpToTheLimitAndNotPastIt) {
  EXPECT_TRUE(Spend("42", 20 * kUnit, 30 * kUnit).allowed);
  const Ledger::Decision denied = Spend("42", 11 * kUnit, 30 * kUnit);
  EXPECT_FALSE(denied.allowed);
  EXPECT_EQ(denied.account.amount, 20 * kUnit) << "a denied amount is not added";
  EXPECT_TRUE(Spend("42", 10 * kUnit, 30 * kUnit).allowed);
  EXPECT_FALSE(Spend("42", 1, 30 * kUnit).allowed);
  EXPECT_EQ(Used("42"), 30 * kUnit);
  EXPECT_EQ(Used("7"), 0U);
}

TEST_F(LedgerTest, NoLimitAllowsEverythingAndZeroNothing) {
  EXPECT_TRUE(Spend("42", 1'000'000 * kUnit, std::nullopt).allowed);
  EXPECT_FALSE(Spend("7", 1, 0).allowed);
}

TEST_F(LedgerTest, AQuestionAddsNothingAndMakesNoAccount) {
  EXPECT_TRUE(Spend("42", kUnit, kUnit, Intent::kAsk).allowed);
  EXPECT_FALSE(Spend("42", kUnit + 1, kUnit, Intent::kAsk).allowed);
  EXPECT_EQ(Used("42"), 0U);
  EXPECT_EQ(CountLedgerEntries(segment()), 0U);
}

TEST_F(LedgerTest, WhatIsRecordedMayPassTheLimitAndWhatIsRefundedIsFreeAgain) {
  EXPECT_TRUE(Spend("42", 3 * kUnit, 2 * kUnit, Intent::kRecord).recorded);
  EXPECT_FALSE(ledger_.Refund("42", 3 * kUnit + 1)->allowed);
  EXPECT_FALSE(ledger_.Refund("nobody", 1)->allowed);
  EXPECT_EQ(ledger_.Refund("42", 2 * kUnit)->account.amount, kUnit);
  EXPECT_TRUE(Spend("42", kUnit, 2 * kUnit).allowed);
  EXPECT_EQ(Used("42"), 2 * kUnit);
}

TEST_F(LedgerTest, AmountsTooLargeForTheirTypeAreDeniedOrStayAtTheLargest) {
  EXPECT_TRUE(Spend("42", UINT64_MAX - 1, std::nullopt).allowed);
  EXPECT_TRUE(Spend("42", UINT64_MAX - 1, std::nullopt).allowed);
  EXPECT_EQ(Used("42"), UINT64_MAX);
  EXPECT_FALSE(Spend("42", 1, UINT64_MAX).allowed);
}

TEST_F(LedgerTest, AnotherDayBeginsAtZeroWhetherTheClockWentForwardOrBack) {
  for (const std::int64_t distance : {-365, -1, 1, 365}) {
    ASSERT_TRUE(Spend("42", kUnit, kUnit).allowed);
    MoveToDay("42", UtcDay() + distance);
    EXPECT_EQ(Used("42"), 0U);
    EXPECT_TRUE(Spend("42", kUnit, kUnit).allowed) << distance;
    MoveToDay("42", UtcDay() + distance);
  }
}

TEST_F(LedgerTest, AClassIsRememberedWithTheAmount) {
  EXPECT_EQ(ledger_.Read("42")->key_class, 0U);
  ASSERT_TRUE(ledger_.SetClass("42", 3).ok());
  EXPECT_TRUE(Spend("42", kUnit, kUnit).allowed);
  EXPECT_EQ(ledger_.Read("42")->key_class, 3U);
  ASSERT_TRUE(ledger_.SetClass("42", 2).ok());
  EXPECT_EQ(RecordOf("42").key_class, 2U);
  EXPECT_EQ(RecordOf("42").amount, kUnit);
  EXPECT_EQ(RecordOf("42").day, UtcDay());
}

TEST_F(LedgerTest, TheLimitIsThatOfTheClassThatWasSet) {
  ASSERT_TRUE(ledger_.SetClass("42", 3).ok());
  std::uint32_t asked = 0;
  const auto limit_of = [&](std::uint32_t key_class) {
    asked = key_class;
    return std::optional<std::uint64_t>(key_class == 3 ? 2 : 1);
  };
  EXPECT_TRUE(ledger_.Spend("42", 2, Intent::kSpend, limit_of)->allowed);
  EXPECT_EQ(asked, 3U);
}

TEST_F(LedgerTest, AFullLedgerRefusesNoAmountAndCountsWhatItDidNotRecord) {
  for (int i = 0; CountLedgerEntries(segment()) < 512 || Spend("u" + std::to_string(i), 1, kUnit).recorded;
       i++) {
    Spend("u" + std::to_string(i), 1, kUnit);
  }
  const std::uint64_t counted = testing::Read(path_).Refusals(layout::Refusal::kLedgerFull);
  EXPECT_GE(counted, 1U);
  std::string unknown = "other";
  while (Spend(unknown, 1, kUnit).recorded) unknown += "x";  // until its shard is full too
  EXPECT_TRUE(Spend(unknown, 1, kUnit).allowed);
  EXPECT_GT(testing::Read(path_).Refusals(layout::Refusal::kLedgerFull), counted);
  const Result<void> set = ledger_.SetClass(unknown, 3);
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().code, ErrorCode::kLedgerFull);
}

TEST_F(LedgerTest, EntriesWhoseDayHasPassedAreUsedAgainUnlessTheirKeyHasALease) {
  ASSERT_TRUE(lessee_.Acquire("leased").ok());
  ASSERT_TRUE(ledger_.SetClass("leased", 3).ok());
  std::vector<std::string> keys{"leased"};
  for (int i = 0; i < 2'000; i++) {
    keys.push_back("u" + std::to_string(i));
    Spend(keys.back(), 1, kUnit);
  }
  for (const std::string& key : keys) MoveToDay(key, UtcDay() - 1);
  int recorded = 0;
  for (int i = 0; i < 2'000; i++) recorded += Spend("new" + std::to_string(i), 1, kUnit).recorded ? 1 : 0;
  EXPECT_GT(recorded, 400) << "of 512 entries";
  EXPECT_EQ(ledger_.Read("leased")->key_class, 3U);
}

TEST_F(LedgerTest, LeasesOfDeadWorkersKeepNoEntry) {
  std::vector<std::string> keys;
  for (int i = 0; i < 600; i++) {
    keys.push_back("u" + std::to_string(i));
    Spend(keys.back(), 1, kUnit);
  }
  ASSERT_EQ(testing::RunInChild([&] {
              Lessee worker(path_);
              for (const std::string& key : keys) ASSERT_TRUE(worker.Acquire(key).ok());
            }),
            0);
  for (const std::string& key : keys) MoveToDay(key, UtcDay() - 1);
  int recorded = 0;
  for (int i = 0; i < 600; i++) recorded += Spend("new" + std::to_string(i), 1, kUnit).recorded ? 1 : 0;
  EXPECT_GT(recorded, 400);
}

TEST_F(LedgerTest, ASavedAmountIsAddedOnceToWhatWasUsedSince) {
  ASSERT_TRUE(ledger_.Restore({"new", UtcDay(), 5 * kUnit, 2}).ok());
  ASSERT_TRUE(Spend("known", kUnit, std::nullopt).allowed);
  for (int i = 0; i < 3; i++) {
    ASSERT_TRUE(ledger_.Restore({"new", UtcDay(), 5 * kUnit, 2}).ok());
    ASSERT_TRUE(ledger_.Restore({"known", UtcDay(), 5 * kUnit, 2}).ok());
    ASSERT_TRUE(Spend("known", kUnit, std::nullopt).allowed);
  }
  EXPECT_EQ(Used("new"), 5 * kUnit);
  EXPECT_EQ(Used("known"), 9 * kUnit);
  EXPECT_EQ(ledger_.Read("new")->key_class, 2U);
  EXPECT_EQ(ledger_.Read("known")->key_class, 2U);
}

TEST_F(LedgerTest, RestoringAddsNoAmountOfAnotherDayAndKeepsAClassThatWasSetSince) {
  ASSERT_TRUE(Spend("42", kUnit, std::nullopt).allowed);
  ASSERT_TRUE(ledger_.SetClass("42", 3).ok());
  ASSERT_TRUE(ledger_.Restore({"42", UtcDay() - 1, 5 * kUnit, 2}).ok());
  EXPECT_EQ(Used("42"), kUnit);
  EXPECT_EQ(ledger_.Read("42")->key_class, 3U);
}

TEST_F(LedgerTest, ItIsLoadedWhenSomebodySaysSo) {
  EXPECT_FALSE(ledger_.IsLoaded());
  ledger_.MarkLoaded();
  EXPECT_TRUE(ledger_.IsLoaded());
  EXPECT_TRUE(testing::Read(path_).snapshot().segment.ledger_loaded);
}

TEST_F(LedgerTest, ProcessesThatSpendAtOnceSpendExactlyTheLimit) {
  static constexpr std::uint64_t kLimit = 10'000;
  std::vector<testing::Child> children;
  for (int i = 0; i < 4; i++) {
    children.emplace_back([this] {
      while (true) {
        const Result<Ledger::Decision> decision = ledger_.Spend("42", 3, Intent::kSpend, Limit(kLimit));
        if (decision.ok() && !decision->allowed) break;
      }
    });
  }
  for (testing::Child& child : children) EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(Used("42"), 9'999U);
}

TEST_F(LedgerTest, KeysThatAreTooLongAreRefused) {
  EXPECT_EQ(ledger_.Read(std::string(1U << 20U, 'x')).error().code, ErrorCode::kInvalidLabels);
}

}  // namespace
}  // namespace shmetrics::shm
