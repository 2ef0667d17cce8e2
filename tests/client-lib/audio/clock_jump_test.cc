// Fault 33: the wall clock is set, by a year forward or back. Nothing expires, nothing comes back, nothing is
// counted twice. Only the UTC day on which minutes are used follows it.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "client-lib/audio/ledger_format.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/audio.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using namespace std::chrono_literals;
using audio::Quota;
using testing::RunInChild;
using testing::wall_clock_ahead_seconds;

constexpr std::int64_t kDay = 86'400, kYear = 365 * kDay;

std::int64_t WallNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec;
}

/// Jumps by each parameter in turn, and later back. All tests begin at noon, so that no midnight comes
/// between.
class ClockJumpTest : public testing::RegistryFixture, public ::testing::WithParamInterface<std::int64_t> {
 protected:
  ClockJumpTest() { wall_clock_ahead_seconds = kDay / 2 - WallNow() % kDay; }
  ~ClockJumpTest() override { wall_clock_ahead_seconds = 0; }
  static void Jump() { wall_clock_ahead_seconds += GetParam(); }
  static void JumpBack() { wall_clock_ahead_seconds -= GetParam(); }

  Quota MakeQuota() const {
    const std::string path = folder_ + "/shmetrics.ini";
    std::ofstream(path) << "[Audio-Quota]\n";
    return Quota(Open(), {.config = path});
  }
};

// Without this, the other tests would prove nothing.
TEST_P(ClockJumpTest, TheJumpIsSeenByLibrariesToo) {
  const std::int64_t before = WallNow();
  const auto in_library = std::chrono::system_clock::now();
  Jump();
  EXPECT_NEAR(static_cast<double>(WallNow() - before), static_cast<double>(GetParam()), kDay);
  EXPECT_NEAR(std::chrono::duration<double>(std::chrono::system_clock::now() - in_library).count(),
              static_cast<double>(GetParam()), kDay);
}

TEST_P(ClockJumpTest, LeasesNeitherExpireNorComeBack) {
  const LeaseGaugeFamily uploads = Open().lease_gauge({.name = "uploads", .labels = {"user_id"}});
  Result<Lease> lasting = uploads.try_acquire({"lasting"}, {.limit = 1, .ttl = 1h});
  Result<Lease> overdue = uploads.try_acquire({"overdue"}, {.limit = 1, .ttl = 1ms});
  std::this_thread::sleep_for(5ms);
  for (void (*jump)() : {Jump, JumpBack}) {
    jump();
    EXPECT_TRUE(lasting->live());
    EXPECT_TRUE(lasting->renew());
    EXPECT_FALSE(uploads.try_acquire({"lasting"}, {.limit = 1}));
    EXPECT_EQ(Read().Gauge(R"(uploads{user_id="lasting"})"), 1);
    EXPECT_FALSE(overdue->live());
    EXPECT_FALSE(overdue->renew());
    EXPECT_EQ(uploads.live({"overdue"}).value(), 0U);
    EXPECT_FALSE(Read().Shows(R"(uploads{user_id="overdue"})"));
    // Leases taken between the jumps last as long as asked for.
    Result<Lease> between = uploads.try_acquire({"between"}, {.limit = 1, .ttl = 1ms});
    ASSERT_TRUE(between);
    testing::WaitUntil([&] { return !between->live(); });
  }
}

TEST_P(ClockJumpTest, LeasesWithoutASegmentNeitherExpireNorComeBack) {
  const LeaseGaugeFamily uploads =
      Registry::open({.segment = folder_ + "/no/such/folder/segment", .private_decisions = true})
          .lease_gauge({.name = "uploads"});
  Result<Lease> lasting = uploads.try_acquire({}, {.limit = 1, .ttl = 1h});
  for (void (*jump)() : {Jump, JumpBack}) {
    jump();
    EXPECT_TRUE(lasting->renew());
    EXPECT_EQ(uploads.live({}).value(), 1U);
  }
}

TEST_P(ClockJumpTest, StreamsGoOnAndTheirHeartbeatsAreHeard) {
  const Quota quota = MakeQuota();
  Result<audio::Stream> stream = quota.try_start_stream("42");
  ASSERT_TRUE(stream);
  for (void (*jump)() : {Jump, JumpBack}) {
    jump();
    EXPECT_TRUE(stream->heartbeat());
    EXPECT_EQ(quota.try_start_stream("42").error().code, ErrorCode::kConcurrentStreams);
    EXPECT_EQ(RunInChild([&] { EXPECT_EQ(quota.active_streams("42").value(), 1U); }), 0);
  }
  EXPECT_TRUE(stream->finish());
}

// Fault U3.
TEST_P(ClockJumpTest, MinutesBeginAtZeroOnTheOtherDayAndAreThereAgainWhenTheClockIsSetBack) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.set_tier("42", audio::Tier::premium));
  ASSERT_TRUE(quota.consume_daily_minutes("42", 10));
  Jump();
  EXPECT_EQ(quota.daily_minutes("42")->used, 0);
  EXPECT_EQ(quota.consume_daily_minutes("42", 5)->used, 5);
  EXPECT_EQ(quota.consume_daily_minutes("42", 5)->used, 10) << "and then add up";
  EXPECT_EQ(quota.tier("42").value(), audio::Tier::premium) << "a tier belongs to no day";
  JumpBack();
  EXPECT_EQ(quota.daily_minutes("42")->used, 10);
  EXPECT_EQ(quota.consume_daily_minutes("42", 1)->used, 11);
  EXPECT_EQ(Read().snapshot().segment.ledger_jumps, 2U) << "there and back";
}

// Fault U3.
TEST_P(ClockJumpTest, ASavedLedgerThatIsLoadedWhileTheClockIsWrongCountsOnceItIsRight) {
  const std::string state = folder_ + "/ledger.json";
  const std::int64_t today = WallNow() / kDay;
  std::vector<shm::LedgerRecord> saved = {{"41", today - 1, 1'000'000'000, 0},
                                          {"42", today - 1, 2'000'000'000, 0},
                                          {"42", today, 29'000'000'000, 0}};
  std::ofstream(state) << audio::FormatLedgerFile(audio::FormatLedgerUsers(saved), "x", {});
  Jump();
  const std::string path = folder_ + "/shmetrics.ini";
  std::ofstream(path) << "[Audio-Quota]\nstate_file = " << state << "\n";
  const Quota quota(Open(), {.config = path});
  EXPECT_EQ(quota.consume_daily_minutes("43", 30)->used, 30)
      << "the wrong day denies nothing of the right one";
  EXPECT_EQ(quota.daily_minutes("42")->used, 0);
  JumpBack();
  EXPECT_EQ(quota.daily_minutes("43")->used, 0);
  EXPECT_TRUE(quota.consume_daily_minutes("42", 1));
  EXPECT_FALSE(quota.consume_daily_minutes("42", 0.001));
  wall_clock_ahead_seconds -= kDay;
  EXPECT_EQ(quota.daily_minutes("41")->used, 1);
  EXPECT_EQ(quota.daily_minutes("42")->used, 2);
  wall_clock_ahead_seconds += kDay;
  EXPECT_EQ(quota.daily_minutes("42")->used, 30);
}

TEST_P(ClockJumpTest, AnHourOnTheSameDayChangesNothing) {
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 10));
  for (const std::int64_t seconds : {3'600, -7'200}) {
    wall_clock_ahead_seconds += seconds;
    EXPECT_EQ(quota.check_daily_minutes("42")->used, 10);
  }
}

TEST_P(ClockJumpTest, CountersHistogramsGaugesAndWorkersStayAsTheyWere) {
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total"});
  const GaugeFamily depth = registry.gauge({.name = "depth"}, GaugeMode::sum);
  const GaugeFamily latest = registry.gauge({.name = "latest"}, GaugeMode::most_recent);
  requests.inc(5);
  depth.set(3);
  latest.set(1);
  double newest = 1;
  std::uint64_t total = 5;
  for (void (*jump)() : {Jump, JumpBack}) {
    jump();
    EXPECT_EQ(Read().Counter("requests_total"), total);
    EXPECT_EQ(Read().Gauge("depth"), 3);
    EXPECT_EQ(Read().AliveWorkers(), 1U);
    requests.inc();
    total++;
    latest.set(++newest);
    EXPECT_EQ(Read().Gauge("latest"), newest) << "most recent is what was set last, whatever the clock says";
  }
  EXPECT_EQ(Read().snapshot().segment.worker_starts, 1U);
}

TEST_P(ClockJumpTest, AWorkerThatAttachesAfterwardsFindsTheSegmentItsOwn) {
  const LeaseGaugeFamily uploads = Open().lease_gauge({.name = "uploads", .labels = {"user_id"}});
  const Result<Lease> lease = uploads.try_acquire({"42"}, {.limit = 1, .ttl = 1h});
  const auto id = Read().snapshot().segment.id;
  Jump();
  EXPECT_EQ(RunInChild([&] {
              EXPECT_EQ(uploads.live({"42"}).value(), 1U);
              EXPECT_TRUE(uploads.try_acquire({"42"}, {.limit = 2, .ttl = 1h}));
              EXPECT_EQ(Read().AliveWorkers(), 2U);
            }),
            0);
  EXPECT_EQ(Read().snapshot().segment.id, id);
}

INSTANTIATE_TEST_SUITE_P(AYearForward, ClockJumpTest, ::testing::Values(kYear));
INSTANTIATE_TEST_SUITE_P(AYearBack, ClockJumpTest, ::testing::Values(-kYear));

}  // namespace
}  // namespace shmetrics
