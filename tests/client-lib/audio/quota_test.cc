#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/audio.h"
#include "shmetrics/shmetrics.h"
#include "tests/client-lib/audio/audio_fixture.h"
#include "tests/support/child.h"
#include "tests/support/shared_page.h"

namespace shmetrics::audio {
namespace {

using testing::Child;
using testing::RunInChild;
using testing::SharedPage;

TEST_F(AudioTest, AllViolationTypesAreExposedAtZeroFromTheStart) {
  MakeQuota();
  const testing::SegmentReading reading = Read();
  for (const std::string type : {"daily_minutes", "concurrent_streams", "concurrent_jobs"}) {
    EXPECT_TRUE(reading.Shows("audio_quota_violations_total{type=\"" + type + "\"}")) << type;
    EXPECT_EQ(Violations(type), 0U);
  }
  EXPECT_EQ(reading.Family("audio_quota_violations_total")->series.size(), 3U);
}

TEST_F(AudioTest, StreamsAreLimitedByTheUsersTierAndADenialIsOneViolation) {
  const Quota quota = MakeQuota();
  const Result<Stream> first = quota.try_start_stream("42");
  ASSERT_TRUE(first);
  const Result<Stream> second = quota.try_start_stream("42");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConcurrentStreams);
  EXPECT_NE(second.error().message.find("free"), std::string::npos) << second.error().message;
  EXPECT_EQ(Violations("concurrent_streams"), 1U);
  EXPECT_EQ(Violations("concurrent_jobs"), 0U);
  EXPECT_EQ(Streams("42"), 1);
  const Result<Stream> as_standard = quota.try_start_stream("42", {.tier = Tier::standard});
  EXPECT_TRUE(as_standard) << "a given tier holds for that call";
  EXPECT_EQ(quota.active_streams("42").value(), 2U);
}

TEST_F(AudioTest, JobsAreLimitedApartFromStreams) {
  const Quota quota = MakeQuota();
  const Result<Stream> stream = quota.try_start_stream("42");
  const Result<Job> job = quota.try_start_job("42");
  ASSERT_TRUE(job);
  EXPECT_EQ(quota.try_start_job("42").error().code, ErrorCode::kConcurrentJobs);
  EXPECT_EQ(Violations("concurrent_jobs"), 1U);
  EXPECT_EQ(Violations("concurrent_streams"), 0U);
  EXPECT_EQ(Jobs("42"), 1);
  EXPECT_EQ(quota.active_jobs("42").value(), 1U);
}

TEST_F(AudioTest, AStreamEndsWhenItIsFinishedAndNotAnotherOfTheSameUser) {
  const Quota quota = MakeQuota();
  Result<Stream> first = quota.try_start_stream("42", {.tier = Tier::premium});
  Result<Stream> second = quota.try_start_stream("42", {.tier = Tier::premium});
  EXPECT_TRUE(first->finish());
  EXPECT_FALSE(first->finish());
  EXPECT_FALSE(first->heartbeat());
  EXPECT_TRUE(second->heartbeat()) << "the one that goes on is the second, not the last";
  EXPECT_TRUE(second->active());
  EXPECT_EQ(Streams("42"), 1);
}

TEST_F(AudioTest, ASetTierHoldsForAllProcessesUntilAnotherIsSet) {
  const Quota quota = MakeQuota();
  EXPECT_EQ(quota.tier("42").value(), Tier::free);
  ASSERT_EQ(RunInChild([&] { EXPECT_TRUE(quota.set_tier("42", Tier::premium)); }), 0);
  EXPECT_EQ(quota.tier("42").value(), Tier::premium);
  std::vector<Stream> streams;
  for (int i = 0; i < 10; i++) streams.push_back(std::move(quota.try_start_stream("42").value()));
  EXPECT_FALSE(quota.try_start_stream("42"));
  ASSERT_TRUE(quota.set_tier("42", Tier::standard));
  EXPECT_FALSE(quota.try_start_stream("42")) << "fewer allowed than are active";
  EXPECT_EQ(Streams("42"), 10) << "none was ended";
}

TEST_F(AudioTest, UnlimitedAndZeroAreDifferentThings) {
  const Quota quota = MakeQuota(
      "free_concurrent_streams = unlimited\nfree_concurrent_jobs = 0\nfree_daily_minutes = none\n"
      "standard_daily_minutes = 0\n");
  std::vector<Stream> streams;
  for (int i = 0; i < 100; i++) streams.push_back(std::move(quota.try_start_stream("42").value()));
  EXPECT_FALSE(quota.try_start_job("42"));
  EXPECT_TRUE(quota.consume_daily_minutes("42", 1e5));
  EXPECT_EQ(quota.consume_daily_minutes("42", 1e-9, Tier::standard).error().code, ErrorCode::kDailyMinutes);
  EXPECT_EQ(quota.check_daily_minutes("7", 0, Tier::standard).error().code, ErrorCode::kDailyMinutes);
}

TEST_F(AudioTest, UserIdsThatCannotBeLabelsAreRefusedAndOthersAreEscaped) {
  const Quota quota = MakeQuota();
  for (const std::string& user :
       {std::string(), std::string(1U << 20U, 'x'), std::string("a\0b", 3), std::string("\xc3\x28")}) {
    EXPECT_EQ(quota.try_start_stream(user).error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(quota.try_start_job(user).error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(quota.consume_daily_minutes(user, 1).error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(quota.check_daily_minutes(user).error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(quota.set_tier(user, Tier::free).error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(quota.active_streams(user).error().code, ErrorCode::kInvalidLabels);
    EXPECT_EQ(quota.announce_model(user).error().code, ErrorCode::kInvalidLabels);
  }
  const Result<Stream> stream = quota.try_start_stream("a\"b\nc\\d");
  ASSERT_TRUE(stream);
  EXPECT_EQ(Streams(R"(a\"b\nc\\d)"), 1);
  EXPECT_EQ(Violations("concurrent_streams"), 0U);
}

TEST_F(AudioTest, HashedUsersAreLimitedAlikeAndNamedNowhere) {
  const Quota quota = MakeQuota("hash_user_id = true\nhash_user_id_key = 0123456789abcdef\n");
  const Result<Stream> first = quota.try_start_stream("alice@example.com");
  ASSERT_TRUE(first);
  EXPECT_FALSE(quota.try_start_stream("alice@example.com"));
  EXPECT_TRUE(quota.consume_daily_minutes("alice@example.com", 1));
  const testing::SegmentReading reading = Read();
  const auto& series = reading.Family("audio_streaming_active")->series;
  ASSERT_EQ(series.size(), 1U);
  EXPECT_TRUE(series[0].labels().starts_with("user_id=\"u_")) << series[0].labels();
  EXPECT_EQ(series[0].labels().size(), std::string("user_id=\"u_0123456789abcdef\"").size());
  std::ifstream file(segment_, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(bytes.find("alice"), std::string::npos);
}

TEST_F(AudioTest, WithoutAHashKeyNobodyIsAdmittedAndNobodyIsDisclosed) {
  const Quota quota = MakeQuota("hash_user_id = true\n");
  EXPECT_EQ(quota.try_start_stream("alice").error().code, ErrorCode::kBadOption);
  ASSERT_FALSE(quota.status().warnings.empty());
  EXPECT_NE(quota.status().warnings[0].find("hash_user_id_key"), std::string::npos);
}

TEST_F(AudioTest, BrokenConfigurationIsAWarningAndTheDefaultsHold) {
  setenv("AUDIO_TIER_LIMITS_JSON", "{broken", 1);
  setenv("AUDIO_STREAM_TTL_SECONDS", "soon", 1);
  const Quota quota = MakeQuota();
  EXPECT_EQ(quota.status().warnings.size(), 2U);
  EXPECT_EQ(quota.status().config, folder_ + "/shmetrics.ini");
  EXPECT_EQ(quota.limits(Tier::free), (Limits{30.0, 1, 1, 25}));
  EXPECT_TRUE(quota.try_start_stream("42"));
}

TEST_F(AudioTest, AStreamNeedsHeartbeatsAndAJobDoesNotUnlessAskedFor) {
  setenv("AUDIO_STREAM_TTL_SECONDS", "30", 1);
  const Quota quota = MakeQuota();
  const Result<Stream> stream = quota.try_start_stream("1");
  const Result<Job> job = quota.try_start_job("2");
  const Result<Stream> lasting_stream = quota.try_start_stream("3", {.lifetime = Lifetime::worker});
  const Result<Job> brief_job = quota.try_start_job("4", {.lifetime = Lifetime::ttl});
  EXPECT_TRUE(HasDeadline("1"));
  EXPECT_FALSE(HasDeadline("2"));
  EXPECT_FALSE(HasDeadline("3"));
  EXPECT_TRUE(HasDeadline("4"));
}

// Fault 6, and defects 6 and 7 of the replaced system.
TEST_F(AudioTest, AKilledWorkersStreamsAndJobsAreGoneAtOnceAndItsMinutesStay) {
  const Quota quota = MakeQuota();
  const SharedPage<std::atomic<int>> ready;
  Child worker([&] {
    const Result<Stream> stream = quota.try_start_stream("42");
    const Result<Job> job = quota.try_start_job("42");
    EXPECT_TRUE(quota.consume_daily_minutes("42", 12));
    EXPECT_TRUE(quota.announce_model("parakeet-onnx"));
    ready->store(1);
    for (;;) pause();
  });
  testing::WaitUntil([&] { return ready->load() == 1; });
  EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-onnx"})"), 1);
  EXPECT_FALSE(quota.try_start_stream("42"));
  worker.Kill();
  EXPECT_EQ(Streams("42"), std::nullopt);
  EXPECT_EQ(Jobs("42"), std::nullopt);
  EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-onnx"})"), std::nullopt);
  EXPECT_TRUE(quota.try_start_stream("42"));
  EXPECT_TRUE(quota.try_start_job("42"));
  EXPECT_DOUBLE_EQ(quota.check_daily_minutes("42")->used, 12);
}

TEST_F(AudioTest, AModelIsAnnouncedOnceByEachProcessThatOffersIt) {
  const Quota quota = MakeQuota();
  for (int i = 0; i < 3; i++) EXPECT_TRUE(quota.announce_model("parakeet-mlx"));
  EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-mlx"})"), 1);
  EXPECT_EQ(RunInChild([&] {
              EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-mlx"})"), 1)
                  << "the one of its parent";
              EXPECT_TRUE(quota.announce_model("parakeet-mlx"));
              EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-mlx"})"), 2);
            }),
            0);
  EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-mlx"})"), 1);
}

// Fault 26.
TEST_F(AudioTest, AModelIsAnnouncedAgainInTheSegmentThatReplacesOne) {
  const Quota quota = MakeQuota();
  EXPECT_TRUE(quota.announce_model("parakeet-mlx"));
  std::filesystem::remove(segment_);
  testing::WaitUntil([&] {
    static_cast<void>(quota.try_start_stream("42"));
    return std::filesystem::exists(segment_);
  });
  EXPECT_EQ(Read().Gauge(R"(audio_model_workers{model="parakeet-mlx"})"), 1);
}

// Defect 4 of the replaced system: every kind of denial counts as one.
TEST_F(AudioTest, EveryDenialOfAnyPathIsExactlyOneViolation) {
  const Quota quota =
      MakeQuota("free_daily_minutes = 0\nfree_concurrent_streams = 0\nfree_concurrent_jobs = 0\n");
  constexpr std::uint64_t kTimes = 50;
  EXPECT_EQ(RunInChild([&] {
              for (std::uint64_t i = 0; i < kTimes; i++) {
                EXPECT_FALSE(quota.try_start_stream("42"));
                EXPECT_FALSE(quota.try_start_job("42"));
                EXPECT_FALSE(quota.consume_daily_minutes("42", 1));
                EXPECT_FALSE(quota.check_daily_minutes("42", 1));
              }
            }),
            0);
  EXPECT_EQ(Violations("concurrent_streams"), kTimes);
  EXPECT_EQ(Violations("concurrent_jobs"), kTimes);
  EXPECT_EQ(Violations("daily_minutes"), 2 * kTimes);
}

TEST_F(AudioTest, WithoutASegmentAProgramThatAsksForItDecidesWithinTheProcess) {
  const Quota quota(
      Registry::open({.segment = folder_ + "/no/such/folder/segment", .private_decisions = true}));
  const Result<Stream> stream = quota.try_start_stream("42");
  ASSERT_TRUE(stream);
  EXPECT_EQ(quota.try_start_stream("42").error().code, ErrorCode::kConcurrentStreams);
  EXPECT_EQ(quota.consume_daily_minutes("42", 20)->used, 20);
  EXPECT_EQ(quota.consume_daily_minutes("42", 11).error().code, ErrorCode::kDailyMinutes);
  EXPECT_EQ(quota.check_daily_minutes("42")->remaining, 10);
  EXPECT_EQ(quota.consume_daily_minutes("42", 10)->used, 30);
  EXPECT_EQ(testing::RunInChild([&] { EXPECT_EQ(quota.check_daily_minutes("42")->used, 0); }), 0);
  EXPECT_EQ(quota.set_tier("42", Tier::premium).error().code, ErrorCode::kAbsent);
  EXPECT_EQ(quota.tier("42").value(), Tier::free);
}

}  // namespace
}  // namespace shmetrics::audio
