// Minutes that are read, recorded afterwards and given back.

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "shmetrics/audio.h"
#include "tests/client-lib/audio/audio_fixture.h"

namespace shmetrics::audio {
namespace {

class RecordedMinutesTest : public AudioTest {};

// Fault U2.
TEST_F(RecordedMinutesTest, ReadingTheDayOfAUserAtTheLimitIsNoViolationAndChangesNothing) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 30));
  for (int i = 0; i < 5; i++) {
    const MinutesResult day = quota.daily_minutes("42");
    ASSERT_TRUE(day);
    EXPECT_EQ(day->used, 30);
    EXPECT_EQ(day->limit, 30);
    EXPECT_EQ(day->remaining, 0);
    EXPECT_EQ(day->reserved, 0);
  }
  EXPECT_EQ(quota.daily_minutes("42", Tier::premium)->limit, std::nullopt);
  EXPECT_EQ(quota.daily_minutes("nobody")->used, 0);
  EXPECT_EQ(Violations("daily_minutes"), 0U);
  EXPECT_EQ(quota.daily_minutes("").error().code, ErrorCode::kInvalidLabels);
}

// Fault U2.
TEST_F(RecordedMinutesTest, ADenialTellsTheDayAndACheckOfZeroMinutesIsNoViolation) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 29.5));
  for (const MinutesResult& denied :
       {quota.consume_daily_minutes("42", 1), quota.check_daily_minutes("42", 1)}) {
    ASSERT_EQ(denied.error().code, ErrorCode::kDailyMinutes);
    EXPECT_EQ(denied.error().message,
              "daily minutes used up: 29.5 of 30 are used today, 0 are reserved, 0.5 are left");
    ASSERT_TRUE(denied.day());
    EXPECT_EQ(denied.day()->used, 29.5);
    EXPECT_EQ(denied.day()->limit, 30);
    EXPECT_EQ(denied.day()->remaining, 0.5);
  }
  EXPECT_EQ(Violations("daily_minutes"), 2U);
  ASSERT_TRUE(quota.consume_daily_minutes("42", 0.5));
  const MinutesResult check = quota.check_daily_minutes("42");
  EXPECT_EQ(check.error().code, ErrorCode::kDailyMinutes) << "nothing is left";
  EXPECT_EQ(check.day()->used, 30);
  EXPECT_EQ(Violations("daily_minutes"), 2U);
  EXPECT_EQ(quota.consume_daily_minutes("42", -1).day(), std::nullopt) << "nothing was decided";
}

// Fault U1.
TEST_F(RecordedMinutesTest, MinutesThatHaveBeenUsedAreRecordedPastTheLimitWithoutAViolation) {
  const Quota quota = MakeQuota();
  EXPECT_EQ(quota.record_daily_minutes("42", 20)->remaining, 10);
  const MinutesResult past = quota.record_daily_minutes("42", 45);
  ASSERT_TRUE(past);
  EXPECT_EQ(past->used, 65);
  EXPECT_EQ(past->limit, 30);
  EXPECT_EQ(past->remaining, 0);
  EXPECT_EQ(Violations("daily_minutes"), 0U);
  EXPECT_EQ(quota.consume_daily_minutes("42", 0.1).error().code, ErrorCode::kDailyMinutes);
  EXPECT_EQ(quota.daily_minutes("42")->used, 65);
}

// Fault U1.
TEST_F(RecordedMinutesTest, WhatIsGivenBackCanBeUsedAgainAndNoMoreThanWasUsedIsGivenBack) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 30));
  EXPECT_EQ(quota.refund_daily_minutes("42", 0.1)->used, 29.9);
  EXPECT_TRUE(quota.consume_daily_minutes("42", 0.1));
  EXPECT_EQ(quota.refund_daily_minutes("42", 29.999999999)->used, 1e-9);
  const MinutesResult too_much = quota.refund_daily_minutes("42", 2e-9);
  EXPECT_EQ(too_much.error().code, ErrorCode::kNotUsed);
  EXPECT_EQ(too_much.day()->used, 1e-9);
  EXPECT_EQ(quota.daily_minutes("42")->used, 1e-9) << "nothing changed";
  EXPECT_EQ(quota.refund_daily_minutes("42", 1e-9)->used, 0);
  EXPECT_EQ(quota.refund_daily_minutes("nobody", 1).error().code, ErrorCode::kNotUsed);
  EXPECT_EQ(Violations("daily_minutes"), 0U);
}

TEST_F(RecordedMinutesTest, ImpossibleMinutesAreNeitherRecordedNorGivenBack) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.record_daily_minutes("42", 1'000'000));
  for (const double minutes : {0.0, -1.0, 1'000'000.1, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(quota.record_daily_minutes("42", minutes).error().code, ErrorCode::kBadOption) << minutes;
    EXPECT_EQ(quota.refund_daily_minutes("42", minutes).error().code, ErrorCode::kBadOption) << minutes;
  }
  EXPECT_EQ(quota.daily_minutes("42")->used, 1'000'000);
}

TEST_F(RecordedMinutesTest, ALedgerWithoutRoomIsAnErrorOfTheRecordAndNobodysLoss) {
  Registry& registry = Registry::open({.segment = segment_, .ledger_limit = 512});
  const Quota quota(registry, {.config = "/dev/null"});
  int recorded = 0;
  MinutesResult last = Error{};
  for (int i = 0; i < 2'000; i++) {
    last = quota.record_daily_minutes("u" + std::to_string(i), 1);
    if (!last) break;
    recorded++;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().code, ErrorCode::kLedgerFull);
  EXPECT_EQ(last.day(), std::nullopt);
  for (int i = 0; i < recorded; i++) EXPECT_EQ(quota.daily_minutes("u" + std::to_string(i))->used, 1) << i;
  EXPECT_EQ(quota.record_daily_minutes("u0", 1)->used, 2) << "who has a place keeps it";
}

TEST_F(RecordedMinutesTest, WithoutASegmentNothingIsRecordedUnlessTheProcessDecides) {
  const std::string nowhere = folder_ + "/no/such/folder/segment";
  const Quota nothing(Registry::open({.segment = nowhere}));
  EXPECT_EQ(nothing.record_daily_minutes("42", 1).error().code, ErrorCode::kAbsent);
  EXPECT_EQ(nothing.refund_daily_minutes("42", 1).error().code, ErrorCode::kAbsent);
  EXPECT_EQ(nothing.daily_minutes("42").error().code, ErrorCode::kAbsent);
  const Quota own(Registry::open({.segment = nowhere + "2", .private_decisions = true}));
  EXPECT_EQ(own.record_daily_minutes("private", 45)->used, 45);
  EXPECT_EQ(own.refund_daily_minutes("private", 46).error().code, ErrorCode::kNotUsed);
  EXPECT_EQ(own.refund_daily_minutes("private", 40)->used, 5);
  EXPECT_EQ(own.daily_minutes("private")->remaining, 25);
}

}  // namespace
}  // namespace shmetrics::audio
