// Minutes that work in progress holds back (fault U1).

#include <gtest/gtest.h>

#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "shmetrics/audio.h"
#include "shmetrics/audio_reservation.h"
#include "tests/client-lib/audio/audio_fixture.h"
#include "tests/support/child.h"

namespace shmetrics::audio {
namespace {

using testing::RunInChild;

class ReservationTest : public AudioTest {
 protected:
  std::optional<double> Active(const std::string& user) const {
    return Read().Gauge("audio_reservations_active{user_id=\"" + user + "\"}");
  }
};

// Fault U1.
TEST_F(ReservationTest, ParallelJobsCannotPassTheLimitAndEachIsChargedWhatItUsed) {
  const Quota quota = MakeQuota();  // 30 minutes
  std::vector<Reservation> jobs;
  for (int i = 0; i < 3; i++) {
    ReserveResult job = quota.reserve_daily_minutes("42", 9);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job.day()->reserved, 9 * (i + 1));
    jobs.push_back(std::move(job.value()));
  }
  const ReserveResult denied = quota.reserve_daily_minutes("42", 9);
  ASSERT_EQ(denied.error().code, ErrorCode::kDailyMinutes);
  EXPECT_EQ(denied.error().message,
            "daily minutes used up: 0 of 30 are used today, 27 are reserved, 3 are left");
  EXPECT_EQ(denied.day()->remaining, 3);
  EXPECT_EQ(Violations("daily_minutes"), 1U);
  EXPECT_EQ(quota.consume_daily_minutes("42", 3.1).day()->reserved, 27) << "others spend no reserved minutes";
  EXPECT_TRUE(quota.consume_daily_minutes("42", 3));
  EXPECT_EQ(Active("42"), 3.0);

  EXPECT_EQ(jobs[0].settle(4.5)->used, 7.5);
  const MinutesResult longer = jobs[1].settle(45);
  EXPECT_EQ(longer->used, 52.5) << "more than was reserved, and than the limit";
  EXPECT_EQ(longer->reserved, 9);
  EXPECT_EQ(longer->remaining, 0);
  EXPECT_TRUE(jobs[2].cancel());
  const MinutesResult day = quota.daily_minutes("42");
  EXPECT_EQ(day->used, 52.5);
  EXPECT_EQ(day->reserved, 0);
  EXPECT_EQ(Violations("daily_minutes"), 2U);
  EXPECT_EQ(Active("42"), std::nullopt);
}

// Fault U1.
TEST_F(ReservationTest, ACrashChargesNobody) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 10));
  testing::Child worker([&] {
    ReserveResult job = quota.reserve_daily_minutes("42", 20);
    EXPECT_TRUE(job);
    _exit(0);
  });
  EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(quota.daily_minutes("42")->reserved, 0);
  EXPECT_EQ(quota.daily_minutes("42")->used, 10);
  EXPECT_TRUE(quota.reserve_daily_minutes("42", 20));
  EXPECT_TRUE(quota.consume_daily_minutes("42", 20)) << "what the dead reserve refuses nobody";
}

// Fault U1.
TEST_F(ReservationTest, ItEndsOnceHoweverItEnds) {
  const Quota quota = MakeQuota();
  Reservation job = std::move(quota.reserve_daily_minutes("42", 10).value());
  EXPECT_TRUE(job.active());
  EXPECT_TRUE(job.settle(1));
  EXPECT_FALSE(job.active());
  EXPECT_EQ(job.settle(1).error().code, ErrorCode::kEnded);
  EXPECT_EQ(job.settle(1).day(), std::nullopt);
  EXPECT_FALSE(job.cancel());
  Reservation cancelled = std::move(quota.reserve_daily_minutes("42", 10).value());
  EXPECT_TRUE(cancelled.cancel());
  EXPECT_EQ(cancelled.settle(1).error().code, ErrorCode::kEnded);
  { const ReserveResult dropped = quota.reserve_daily_minutes("42", 10); }
  EXPECT_EQ(Reservation().settle(1).error().code, ErrorCode::kEnded);
  EXPECT_FALSE(Reservation().cancel());
  const MinutesResult day = quota.daily_minutes("42");
  EXPECT_EQ(day->used, 1);
  EXPECT_EQ(day->reserved, 0);
}

// Fault U1.
TEST_F(ReservationTest, AnotherThreadSettlesItAndOnlyOnce) {
  const Quota quota = MakeQuota();
  Reservation job = std::move(quota.reserve_daily_minutes("42", 10).value());
  std::thread([&] { EXPECT_TRUE(job.settle(2)); }).join();
  std::thread([&] { EXPECT_EQ(job.settle(2).error().code, ErrorCode::kEnded); }).join();
  Reservation moved = std::move(quota.reserve_daily_minutes("42", 10).value());
  std::thread([&, mine = std::move(moved)]() mutable { EXPECT_TRUE(mine.settle(3)); }).join();
  EXPECT_EQ(quota.daily_minutes("42")->used, 5);
}

// Fault U1.
TEST_F(ReservationTest, AChildsCopyDoesNothingAndTheParentsGoesOn) {
  const Quota quota = MakeQuota();
  Reservation job = std::move(quota.reserve_daily_minutes("42", 10).value());
  EXPECT_EQ(RunInChild([&] {
              EXPECT_FALSE(job.active());
              EXPECT_EQ(job.settle(1).error().code, ErrorCode::kEnded);
              EXPECT_FALSE(job.cancel());
              job = Reservation();
            }),
            0);
  EXPECT_TRUE(job.active());
  EXPECT_EQ(quota.daily_minutes("42")->reserved, 10);
  EXPECT_EQ(job.settle(1)->used, 1);
}

TEST_F(ReservationTest, ImpossibleMinutesAreRefusedAndTheReservationGoesOn) {
  const Quota quota = MakeQuota();
  for (const double minutes : {0.0, -1.0, 1'000'000.1, std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(quota.reserve_daily_minutes("42", minutes).error().code, ErrorCode::kBadOption) << minutes;
  }
  EXPECT_EQ(quota.reserve_daily_minutes("", 1).error().code, ErrorCode::kInvalidLabels);
  EXPECT_EQ(Violations("daily_minutes"), 0U);
  Reservation job = std::move(quota.reserve_daily_minutes("42", 10).value());
  for (const double minutes : {-1.0, 1'000'000.1, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(job.settle(minutes).error().code, ErrorCode::kBadOption) << minutes;
    EXPECT_TRUE(job.active());
  }
  EXPECT_EQ(job.settle(0)->used, 0) << "nothing was used";
}

TEST_F(ReservationTest, TheTierThatWasGivenOrSetDecides) {
  const Quota quota = MakeQuota();
  EXPECT_FALSE(quota.reserve_daily_minutes("42", 31));
  ReserveResult premium = quota.reserve_daily_minutes("42", 1'000'000, Tier::premium);
  ASSERT_TRUE(premium);
  EXPECT_EQ(premium.day()->limit, std::nullopt);
  EXPECT_TRUE(premium->cancel());
  ASSERT_TRUE(quota.set_tier("42", Tier::standard));
  EXPECT_EQ(quota.reserve_daily_minutes("42", 31).day()->limit, 300);
}

// Fault U1.
TEST_F(ReservationTest, AFullLedgerLosesNothing) {
  Registry& registry = Registry::open({.segment = segment_, .ledger_limit = 512});
  const Quota quota(registry, {.config = "/dev/null"});
  Reservation job = std::move(quota.reserve_daily_minutes("late", 10).value());
  for (int i = 0; i < 2'000; i++) static_cast<void>(quota.record_daily_minutes("u" + std::to_string(i), 1));
  EXPECT_EQ(job.settle(1).error().code, ErrorCode::kLedgerFull);
  EXPECT_TRUE(job.active()) << "to be settled when there is room";
  EXPECT_EQ(quota.daily_minutes("late")->reserved, 10);
}

// Fault U1.
TEST_F(ReservationTest, ItIsSettledInTheSegmentThatHasReplacedItsOwn) {
  const Quota quota = MakeQuota();
  Reservation job = std::move(quota.reserve_daily_minutes("42", 10).value());
  std::filesystem::remove(segment_);
  testing::WaitUntil([&] {
    const MinutesResult day = quota.daily_minutes("42");
    return day.ok() && day->reserved == 0;
  });
  EXPECT_EQ(job.settle(4)->used, 4);
  EXPECT_EQ(job.settle(4).error().code, ErrorCode::kEnded);
  EXPECT_EQ(quota.daily_minutes("42")->used, 4);
}

// Fault U1.
TEST_F(ReservationTest, WithoutASegmentTheProcessDecidesOnlyIfItIsAskedTo) {
  const std::string nowhere = folder_ + "/no/such/folder/segment";
  EXPECT_EQ(Quota(Registry::open({.segment = nowhere})).reserve_daily_minutes("42", 1).error().code,
            ErrorCode::kAbsent);
  const Quota own(Registry::open({.segment = nowhere + "2", .private_decisions = true}));
  Reservation job = std::move(own.reserve_daily_minutes("reserved", 20).value());
  EXPECT_EQ(own.reserve_daily_minutes("reserved", 11).day()->remaining, 10);
  EXPECT_FALSE(own.consume_daily_minutes("reserved", 11));
  EXPECT_EQ(RunInChild([&] {
              EXPECT_FALSE(job.active());
              EXPECT_EQ(job.settle(1).error().code, ErrorCode::kEnded);
            }),
            0);
  EXPECT_EQ(job.settle(25)->used, 25);
  EXPECT_EQ(job.settle(25).error().code, ErrorCode::kEnded);
  EXPECT_TRUE(own.reserve_daily_minutes("reserved", 5)->cancel());
  EXPECT_EQ(own.daily_minutes("reserved")->reserved, 0);
}

}  // namespace
}  // namespace shmetrics::audio
