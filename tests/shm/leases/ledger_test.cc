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

AmountLimitOf Limit(std::optional<std::uint64_t> limit) {
  return [limit](std::uint32_t) { return limit; };
}

class LedgerTest : public ::testing::Test {
 protected:
  Ledger::Decision Spend(std::string_view key, std::uint64_t amount, std::optional<std::uint64_t> limit,
                         Intent intent = Intent::kSpend) {
    return ledger_.Spend(key, amount, intent, Limit(limit)).value();
  }
  std::uint64_t Used(std::string_view key) { return ledger_.Read(key)->amount; }

  template <class Visit>
  void ForEachAccount(Visit visit) {
    for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
      LeaseShard::Lock(segment(), shard)->ledger().ForEach([&](layout::LedgerEntry& entry) {
        if (IsInUse(entry)) visit(entry);
      });
    }
  }
  /// Makes the key's amount one of another day.
  void MoveToDay(std::string_view key, std::int64_t day) {
    ForEachAccount([&](layout::LedgerEntry& entry) {
      if (KeyOf(entry) == key) entry.days[0].day = static_cast<std::int32_t>(day);
    });
  }
  LedgerRecord RecordOf(std::string_view key) {
    std::vector<LedgerRecord> records;
    ReadLedgerRecords(segment(), &records);
    for (const LedgerRecord& record : records) {
      if (record.key == key) return record;
    }
    return {};
  }
  std::uint64_t AmountOf(std::string_view key, std::int64_t day) {
    std::vector<LedgerRecord> records;
    ReadLedgerRecords(segment(), &records);
    for (const LedgerRecord& record : records) {
      if (record.key == key && record.day == day) return record.amount;
    }
    return 0;
  }
  /// Lets `count` keys spend something. Returns how many of them were recorded.
  int SpendAs(const std::string& name, int count) {
    int recorded = 0;
    for (int i = 0; i < count; i++) recorded += Spend(name + std::to_string(i), 1, kUnit).recorded ? 1 : 0;
    return recorded;
  }
  /// Makes all amounts those of a day before the three latest, except that three keys in each shard have one
  /// of the latter each. Returns these keys.
  std::vector<std::string> LeaveToEarlierDays() {
    std::vector<std::string> later;
    for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
      int kept = 0;
      LeaseShard::Lock(segment(), shard)->ledger().ForEach([&](layout::LedgerEntry& entry) {
        if (!IsInUse(entry) || entry.days[0].amount == 0) return;
        const bool is_later = kept < 3 && KeyOf(entry) != "leased";
        entry.days[0].day = static_cast<std::int32_t>(UtcDay() - (is_later ? kept++ : 3));
        if (is_later) later.emplace_back(KeyOf(entry));
      });
    }
    return later;
  }
  std::uint64_t Forgotten() { return testing::Read(path_).snapshot().segment.ledger_forgotten; }
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
    const std::string key = std::to_string(distance);
    ASSERT_TRUE(Spend(key, kUnit, kUnit).allowed);
    MoveToDay(key, UtcDay() + distance);
    EXPECT_EQ(Used(key), 0U);
    EXPECT_TRUE(Spend(key, kUnit, kUnit).allowed) << distance;
    EXPECT_EQ(AmountOf(key, UtcDay() + distance), kUnit);
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

// Fault U8.
TEST_F(LedgerTest, KeysOfEarlierDaysThanTheThreeLatestAreForgottenForRoomUnlessTheyHaveALeaseOrAClass) {
  ASSERT_TRUE(lessee_.Acquire("leased").ok());
  ASSERT_TRUE(Spend("leased", 1, kUnit).recorded);
  for (int i = 0; i < 100; i++) ASSERT_TRUE(ledger_.SetClass("paying" + std::to_string(i), 3).ok());
  SpendAs("u", 2'000);
  const std::vector<std::string> later = LeaveToEarlierDays();
  EXPECT_EQ(Forgotten(), 0U);
  EXPECT_GT(SpendAs("new", 2'000), 100) << "of 512 entries";
  EXPECT_GT(Forgotten(), 100U);
  for (int i = 0; i < 100; i++) EXPECT_EQ(ledger_.Read("paying" + std::to_string(i))->key_class, 3U) << i;
  EXPECT_EQ(RecordOf("leased").key, "leased");
  for (const std::string& key : later) EXPECT_EQ(RecordOf(key).key, key);
}

TEST_F(LedgerTest, LeasesOfDeadWorkersKeepNoEntry) {
  SpendAs("u", 600);
  ASSERT_EQ(testing::RunInChild([&] {
              Lessee worker(path_);
              for (int i = 0; i < 600; i++) ASSERT_TRUE(worker.Acquire("u" + std::to_string(i)).ok());
            }),
            0);
  LeaveToEarlierDays();
  EXPECT_GT(SpendAs("new", 600), 200);
}

// Fault U3.
TEST_F(LedgerTest, AClockThatIsWrongForAMomentMakesAFullLedgerForgetNobodyOfThePresentDay) {
  const int known = SpendAs("u", 2'000);
  for (const std::int64_t distance : {365, -365}) {
    // As if the clock had been right before and were wrong now.
    ForEachAccount([&](layout::LedgerEntry& entry) {
      entry.days[0].day = static_cast<std::int32_t>(UtcDay() - distance);
    });
    EXPECT_EQ(SpendAs("new" + std::to_string(distance), 100), 0);
    EXPECT_EQ(CountLedgerEntries(segment()), static_cast<std::uint64_t>(known));
  }
  EXPECT_EQ(Forgotten(), 0U);
}

// Fault U3.
TEST_F(LedgerTest, TheThreeLatestDaysOfAKeyStayBesideOneOfAWrongClock) {
  const std::int64_t today = UtcDay();
  for (const std::int64_t day : {today - 3, today - 2, today - 1, today + 365}) {
    ASSERT_TRUE(ledger_.Restore({"42", day, static_cast<std::uint64_t>(today + 1'000 - day), 0}).ok());
  }
  ASSERT_TRUE(Spend("42", 7, kUnit).recorded);
  EXPECT_EQ(AmountOf("42", today - 3), 0U) << "the earliest of five";
  EXPECT_EQ(AmountOf("42", today - 2), 1'002U);
  EXPECT_EQ(AmountOf("42", today - 1), 1'001U);
  EXPECT_EQ(AmountOf("42", today), 7U);
  EXPECT_EQ(AmountOf("42", today + 365), 635U);
  ASSERT_TRUE(ledger_.Restore({"42", today - 20'000, 5, 0}).ok());
  EXPECT_EQ(AmountOf("42", today - 2), 1'002U) << "what was saved long ago takes no later day's place";
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
  for (int i = 0; i < 2; i++) ASSERT_TRUE(ledger_.Restore({"42", UtcDay() - 1, 5 * kUnit, 2}).ok());
  EXPECT_EQ(Used("42"), kUnit);
  EXPECT_EQ(AmountOf("42", UtcDay() - 1), 5 * kUnit);
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
