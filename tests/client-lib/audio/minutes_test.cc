// Daily minutes, and the ledger that keeps them.

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <string>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/audio.h"
#include "shmetrics/shmetrics.h"
#include "tests/client-lib/audio/audio_fixture.h"
#include "tests/support/child.h"

namespace shmetrics::audio {
namespace {

class AudioMinutesTest : public AudioTest {};

TEST_F(AudioMinutesTest, MinutesOfManySmallPiecesAddUpToExactlyTheLimit) {
  const Quota quota = MakeQuota();
  for (int i = 0; i < 300; i++) ASSERT_TRUE(quota.consume_daily_minutes("42", 0.1)) << i;  // of 30 minutes
  const Result<DailyMinutes> more = quota.consume_daily_minutes("42", 0.1);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, ErrorCode::kDailyMinutes);
  EXPECT_EQ(more.error().message,
            "daily minutes used up: 30 of 30 are used today, 0 are reserved, 0 are left");
  EXPECT_EQ(Violations("daily_minutes"), 1U);
}

TEST_F(AudioMinutesTest, TheWholeLimitIsAllowedAtOnce) {
  for (const char* limit : {"1.07", "8.3", "0.1", "29.99"}) {
    const Quota quota = MakeQuota("free_daily_minutes = " + std::string(limit) + "\n");
    EXPECT_TRUE(quota.consume_daily_minutes(limit, std::strtod(limit, nullptr))) << limit;
    EXPECT_FALSE(quota.check_daily_minutes(limit)) << limit;
  }
}

TEST_F(AudioMinutesTest, NoAmountIsTooSmallToCount) {
  const Quota quota = MakeQuota("free_daily_minutes = 0.0001\n");
  // Equal pieces of 5 ms of audio. The replaced system recorded none of them.
  double used = 0;
  for (Result<DailyMinutes> piece = quota.consume_daily_minutes("42", 1e-5); piece;
       piece = quota.consume_daily_minutes("42", 1e-5)) {
    EXPECT_GT(piece->used, used);
    used = piece->used;
  }
  EXPECT_DOUBLE_EQ(used, 1e-4);
  EXPECT_TRUE(quota.consume_daily_minutes("7", std::numeric_limits<double>::denorm_min()));
  EXPECT_GT(quota.check_daily_minutes("7")->used, 0);
}

TEST_F(AudioMinutesTest, ACheckTakesNothingAndReportsWhatIsLeftAndItsDenialIsAViolation) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 20));
  const Result<DailyMinutes> check = quota.check_daily_minutes("42", 10);
  ASSERT_TRUE(check);
  EXPECT_DOUBLE_EQ(check->used, 20);
  EXPECT_DOUBLE_EQ(check->limit.value(), 30);
  EXPECT_DOUBLE_EQ(check->remaining.value(), 10);
  EXPECT_FALSE(quota.check_daily_minutes("42", 10.001));
  EXPECT_EQ(Violations("daily_minutes"), 1U);
  EXPECT_EQ(quota.check_daily_minutes("42", 0, Tier::premium)->limit, std::nullopt);
}

TEST_F(AudioMinutesTest, ImpossibleAmountsOfMinutesAreRefusedAndAreNoViolations) {
  const Quota quota = MakeQuota();
  for (const double minutes :
       {0.0, -1.0, 1e7, std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
    const Result<DailyMinutes> refused = quota.consume_daily_minutes("42", minutes);
    ASSERT_FALSE(refused) << minutes;
    EXPECT_EQ(refused.error().code, ErrorCode::kBadOption);
  }
  EXPECT_EQ(Violations("daily_minutes"), 0U);
}

TEST_F(AudioMinutesTest, ASavedLedgerIsLoadedBeforeAnythingIsSpentInANewSegment) {
  const std::string state = folder_ + "/ledger.json";
  std::ofstream(state)
      << R"({"format": "shmetrics-ledger-1", "saved": "x", "users": [)"
      << R"({"user": "42", "day": ")" << Today() << R"(", "nano_minutes": 29000000000, "tier": null},)"
      << R"({"user": "7", "day": "2001-01-01", "nano_minutes": 29000000000, "tier": "premium"}]})";
  const Quota quota = MakeQuota("state_file = " + state + "\n");
  EXPECT_TRUE(quota.status().warnings.empty());
  EXPECT_TRUE(quota.consume_daily_minutes("42", 1));
  EXPECT_FALSE(quota.consume_daily_minutes("42", 0.001));
  EXPECT_EQ(quota.tier("7").value(), Tier::premium) << "a tier does not end with the day";
  EXPECT_DOUBLE_EQ(quota.check_daily_minutes("7")->used, 0);
  EXPECT_TRUE(Read().snapshot().segment.ledger_loaded);
  MakeQuota("state_file = " + state + "\n");
  EXPECT_DOUBLE_EQ(quota.check_daily_minutes("42", 0, Tier::premium)->used, 30) << "restored only once";
}

TEST_F(AudioMinutesTest, ADamagedStateFileIsReportedAndTheDayBeginsEmpty) {
  const std::string state = folder_ + "/ledger.json";
  std::ofstream(state) << "{";
  Registry& registry = Open();
  const std::string ini = folder_ + "/shmetrics.ini";
  std::ofstream(ini) << "[Audio-Quota]\nstate_file = " << state << "\n";
  const Quota quota(registry, {.config = ini});
  EXPECT_TRUE(quota.consume_daily_minutes("42", 20));
  EXPECT_FALSE(registry.status().refusals.empty());
  EXPECT_FALSE(Read().snapshot().segment.ledger_loaded) << "the agent would save over it";
  // When the file can be read, its minutes are added to those used since.
  std::ofstream(state)
      << R"({"format": "shmetrics-ledger-1", "saved": "x", "users": [{"user": "42", "day": ")" << Today()
      << R"(", "nano_minutes": 9000000000, "tier": null}]})";
  testing::WaitUntil([&] { return quota.check_daily_minutes("42", 0, Tier::premium)->used > 20; });
  EXPECT_DOUBLE_EQ(quota.check_daily_minutes("42")->used, 29);
  EXPECT_TRUE(Read().snapshot().segment.ledger_loaded);
}

}  // namespace
}  // namespace shmetrics::audio
