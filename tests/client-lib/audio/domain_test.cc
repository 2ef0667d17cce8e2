// A second domain beside audio: limits, tiers, amounts and metrics of its own.

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "client-lib/audio/ledger_format.h"
#include "shm/leases/ledger_clock.h"
#include "shmetrics/audio.h"
#include "tests/client-lib/audio/audio_fixture.h"

namespace shmetrics::audio {
namespace {

class DomainTest : public AudioTest {
 protected:
  Quota Video(const std::string& config = "/dev/null") const {
    return Quota(Open(), {.config = config,
                          .domain = "video",
                          .limits = {{Limits{5, 1, 1, {}}, Limits{50, 2, 2, {}}, Limits{{}, 9, 9, {}}}}});
  }
};

TEST_F(DomainTest, AUserHasMinutesTiersAndStreamsOfEach) {
  const Quota audio = MakeQuota();
  const Quota video = Video();
  ASSERT_TRUE(audio.consume_daily_minutes("42", 30));
  EXPECT_EQ(video.daily_minutes("42")->used, 0);
  EXPECT_EQ(video.daily_minutes("42")->limit, 5);
  ASSERT_TRUE(video.set_tier("42", Tier::standard));
  EXPECT_EQ(audio.tier("42").value(), Tier::free);
  EXPECT_EQ(video.limits(Tier::standard).concurrent_streams, 2U);
  ReserveResult job = video.reserve_daily_minutes("42", 40);
  ASSERT_TRUE(job);
  EXPECT_EQ(job.day()->remaining, 10);
  EXPECT_EQ(audio.daily_minutes("42")->reserved, 0);
  EXPECT_FALSE(video.consume_daily_minutes("42", 11));
  EXPECT_EQ(Violations("daily_minutes"), 0U);
  EXPECT_EQ(Read().Counter(R"(video_quota_violations_total{type="daily_minutes"})"), 1U);
  EXPECT_EQ(Read().Gauge(R"(video_reservations_active{user_id="42"})"), 1.0);
  EXPECT_TRUE(job->settle(45));
  const Result<Stream> first = video.try_start_stream("42");
  const Result<Stream> second = video.try_start_stream("42");
  EXPECT_TRUE(first.ok() && second.ok()) << "the tier is that of video";
  EXPECT_EQ(Read().Gauge(R"(video_streaming_active{user_id="42"})"), 2.0);
  EXPECT_EQ(audio.daily_minutes("42")->used, 30);
  EXPECT_EQ(video.daily_minutes("42")->used, 45);
}

TEST_F(DomainTest, ItIsSavedAndLoadedBesideAudio) {
  const std::int64_t today = shm::UtcDay();
  std::vector<shm::LedgerRecord> saved = {{"42", today, 1'000'000'000, 2, "video"},
                                          {"42", today, 2'000'000'000, 0}};
  const std::string text = FormatLedgerFile(FormatLedgerUsers(saved), "x", {});
  EXPECT_NE(text.find(R"({"user":"42","domain":"video","day":)"), std::string::npos) << text;
  ASSERT_EQ(ParseLedgerFile(text)->size(), 2U);
  std::ofstream(folder_ + "/ledger.json") << text;
  const Quota audio = MakeQuota("state_file = " + folder_ + "/ledger.json\n");
  EXPECT_EQ(audio.daily_minutes("42")->used, 2);
  EXPECT_EQ(audio.tier("42").value(), Tier::free);
  EXPECT_EQ(Video().daily_minutes("42")->used, 1);
  EXPECT_EQ(Video().tier("42").value(), Tier::standard);
}

TEST_F(DomainTest, WithoutASegmentTheyShareNothingEither) {
  Registry& registry =
      Registry::open({.segment = folder_ + "/no/such/folder/segment", .private_decisions = true});
  const Quota audio(registry, {.config = "/dev/null"});
  const Quota video(registry, {.config = "/dev/null", .domain = "video"});
  ASSERT_TRUE(audio.consume_daily_minutes("domain", 20));
  EXPECT_EQ(video.daily_minutes("domain")->used, 0);
}

TEST_F(DomainTest, ANameThatNoMetricCanHaveIsRefusedByEveryCall) {
  const Quota quota(Open(), {.config = "/dev/null", .domain = "9 lives"});
  EXPECT_EQ(quota.consume_daily_minutes("42", 1).error().code, ErrorCode::kInvalidName);
  EXPECT_EQ(quota.try_start_stream("42").error().code, ErrorCode::kInvalidName);
}

}  // namespace
}  // namespace shmetrics::audio
