// The audio quotas end to end: workers, a real agent and its endpoints.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics::audio {
namespace {

using nlohmann::json;
using testing::Agent;
using testing::Child;
using testing::RunInChild;
using testing::SharedPage;

class AudioEndToEndTest : public testing::RegistryFixture {
 protected:
  AudioEndToEndTest() { WriteConfig(""); }

  void WriteConfig(const std::string& lines) const { std::ofstream(config_) << "[Audio-Quota]\n" << lines; }
  Agent StartAgent() const { return {SHMETRICS_AGENT, segment_, 0, {"--config.file", config_}}; }
  Quota MakeQuota() const { return Quota(Open(), {.config = config_}); }
  static json Ask(const Agent& agent, const std::string& path) {
    const testing::HttpAnswer answer = testing::Get(agent.port(), path);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body);
  }
  static json Limits(const Agent& agent, const std::string& user) {
    return Ask(agent, "/api/v1/audio/stream/limits?user_id=" + user);
  }

  const std::string config_ = folder_ + "/shmetrics.ini";
};

/// The private memory of a process, in bytes.
std::uint64_t PrivateBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  std::uint64_t bytes = 0;
  for (std::string word; file >> word;) {
    std::uint64_t kilobytes = 0;
    if (word == "Anonymous:" && file >> kilobytes) bytes = kilobytes << 10U;
  }
  return bytes;
}

TEST_F(AudioEndToEndTest, TheStatusShowsTheModelsOfLivingWorkersAndTheLoad) {
  WriteConfig("models = configured-one\n");
  const Quota quota = MakeQuota();
  const SharedPage<std::atomic<int>> ready;
  Child worker([&] {
    const Result<Stream> first = quota.try_start_stream("1");
    const Result<Stream> second = quota.try_start_stream("2");
    const Result<Job> job = quota.try_start_job("1");
    EXPECT_FALSE(quota.try_start_stream("1"));
    EXPECT_TRUE(quota.announce_model("parakeet-onnx"));
    ready->store(1);
    for (;;) pause();
  });
  testing::WaitUntil([&] { return ready->load() == 1; });
  const Agent agent = StartAgent();
  json status = Ask(agent, "/api/v1/audio/stream/status");
  EXPECT_EQ(status["status"], "available");
  EXPECT_EQ(status["available_models"], json({"parakeet-onnx", "configured-one"}));
  EXPECT_EQ(status["websocket_endpoint"], "/api/v1/audio/stream/transcribe");
  for (const char* feature :
       {"partial_results", "multiple_languages", "concurrent_streams", "segment_metadata", "live_insights",
        "meeting_notes", "speaker_diarization", "audio_persistence"}) {
    EXPECT_EQ(status["supported_features"][feature], true) << feature;
  }
  EXPECT_EQ(status["supported_features"].size(), 8U);
  EXPECT_EQ(status["load"]["active_streams"], 2);
  EXPECT_EQ(status["load"]["active_jobs"], 1);
  EXPECT_EQ(status["load"]["users_streaming"], 2);
  EXPECT_EQ(status["load"]["quota_violations"]["concurrent_streams"], 1);
  worker.Kill();
  status = Ask(agent, "/api/v1/audio/stream/status");
  EXPECT_EQ(status["available_models"], json({"configured-one"}));
  EXPECT_EQ(status["load"]["active_streams"], 0);
  EXPECT_EQ(status["load"]["quota_violations"]["concurrent_streams"], 1) << "what was counted stays";
}

TEST_F(AudioEndToEndTest, TheLimitsOfAUserAreThoseTheWorkersDecideBy) {
  WriteConfig("standard_concurrent_streams = 2\npremium_daily_minutes = unlimited\n");
  const Quota quota = MakeQuota();
  ASSERT_TRUE(quota.set_tier("42", Tier::standard));
  ASSERT_TRUE(quota.consume_daily_minutes("42", 12.5));
  const Agent agent = StartAgent();
  Result<Stream> first = quota.try_start_stream("42");
  json limits = Limits(agent, "42");
  EXPECT_EQ(limits["user_id"], "42");
  EXPECT_EQ(limits["tier"], "standard");
  EXPECT_EQ(limits["limits"]["concurrent_streams"], 2);
  EXPECT_EQ(limits["limits"]["daily_minutes"], 300);
  EXPECT_DOUBLE_EQ(limits["used_today_minutes"].get<double>(), 12.5);
  EXPECT_DOUBLE_EQ(limits["remaining_minutes"].get<double>(), 287.5);
  EXPECT_EQ(limits["active_streams"], 1);
  EXPECT_EQ(limits["can_start_stream"], true);
  const Result<Stream> second = quota.try_start_stream("42");
  limits = Limits(agent, "42");
  EXPECT_EQ(limits["can_start_stream"], false);
  EXPECT_EQ(limits["_can_start_stream"], false);
  EXPECT_FALSE(quota.try_start_stream("42"));
  EXPECT_TRUE(first->finish());
  EXPECT_EQ(Limits(agent, "42")["can_start_stream"], true);
  ASSERT_TRUE(quota.set_tier("7", Tier::premium));
  EXPECT_EQ(Limits(agent, "7")["remaining_minutes"], nullptr);
  EXPECT_EQ(Limits(agent, "nobody")["tier"], "free");
}

TEST_F(AudioEndToEndTest, AHashedUserIsFoundByTheirIdAndTheIdIsShownNowhere) {
  WriteConfig("hash_user_id = true\nhash_user_id_key = 0123456789abcdef\n");
  const Quota quota = MakeQuota();
  const Result<Stream> stream = quota.try_start_stream("alice");
  const Agent agent = StartAgent();
  EXPECT_EQ(Limits(agent, "alice")["active_streams"], 1);
  EXPECT_EQ(agent.Get().text().find("alice"), std::string::npos);
}

// Defects 3 and 14 of the replaced system.
TEST_F(AudioEndToEndTest, DottedNamesAreInTheJsonAsAliasesAndNeverInTheText) {
  const Quota quota = MakeQuota();
  const Result<Stream> stream = quota.try_start_stream("a\"b\\c\nd");
  const Agent agent = StartAgent();
  const json metrics = Ask(agent, "/api/v1/metrics");
  EXPECT_EQ(metrics["audio.streaming.active"]["alias_of"], "audio_streaming_active");
  EXPECT_EQ(metrics["audio.streaming.active"]["series"], metrics["audio_streaming_active"]["series"]);
  EXPECT_EQ(metrics["audio.quota_violations_total"]["alias_of"], "audio_quota_violations_total");
  EXPECT_EQ(metrics["audio_streaming_active"]["series"][0]["labels"]["user_id"], "a\"b\\c\nd");
  EXPECT_EQ(agent.Get().text().find("audio."), std::string::npos);
}

// Defect 7 of the replaced system: when a TTL ran out, the gauge did not change.
TEST_F(AudioEndToEndTest, AUserWhoHasGoneStaysAtZeroForAWhile) {
  const Quota quota = MakeQuota();
  const Agent agent = StartAgent();
  std::optional<Stream> stream(std::move(quota.try_start_stream("42").value()));
  EXPECT_EQ(agent.Get()[R"(audio_streaming_active{user_id="42"})"], 1);
  stream.reset();
  EXPECT_EQ(agent.Get()[R"(audio_streaming_active{user_id="42"})"], 0);
}

TEST_F(AudioEndToEndTest, TheLedgerOutlivesWorkersAgentsAndTheSegment) {
  const std::string state = folder_ + "/ledger.json";
  WriteConfig("state_file = " + state + "\n");
  ASSERT_EQ(RunInChild([&] {
              const Quota quota = MakeQuota();
              EXPECT_TRUE(quota.consume_daily_minutes("42", 20));
              EXPECT_TRUE(quota.set_tier("7", Tier::premium));
            }),
            0);
  {
    Agent agent = StartAgent();
    EXPECT_DOUBLE_EQ(Limits(agent, "42")["used_today_minutes"].get<double>(), 20);
    agent.process().Signal(SIGTERM);
    EXPECT_EQ(agent.process().Wait(), 0);
  }
  std::filesystem::remove(segment_);  // like a reboot
  ASSERT_EQ(RunInChild([&] {
              const Quota quota = MakeQuota();
              EXPECT_FALSE(quota.consume_daily_minutes("42", 11)) << "20 of 30 are used";
              EXPECT_TRUE(quota.consume_daily_minutes("42", 10));
              EXPECT_EQ(quota.tier("7").value(), Tier::premium);
            }),
            0);
  const Agent agent = StartAgent();
  EXPECT_DOUBLE_EQ(Limits(agent, "42")["used_today_minutes"].get<double>(), 30);
}

TEST_F(AudioEndToEndTest, AMillionUsersWhoComeAndGoLeaveMemoryFlat) {
  constexpr int kWarm = 20'000, kUsers = 1'000'000;
  const Quota quota = MakeQuota();
  Agent agent = StartAgent();
  std::atomic<bool> all_well = true;
  const auto come_and_go = [&](int from, int to) {
    for (int i = from; i < to; i++) {
      Result<Stream> stream = quota.try_start_stream("user-" + std::to_string(i));
      if (!stream || !stream->finish()) all_well = false;
      if (i % 5'000 == 0) {
        Result<Stream> seen = quota.try_start_stream("seen-" + std::to_string(i));
        agent.Get();
      }
    }
  };
  come_and_go(0, kWarm);
  const auto segment_before = Read().snapshot().segment;
  const std::uint64_t worker_before = PrivateBytes(getpid()),
                      agent_before = PrivateBytes(agent.process().pid());
  come_and_go(kWarm, kWarm + kUsers);
  const auto segment_after = Read().snapshot().segment;
  EXPECT_TRUE(all_well);
  EXPECT_EQ(segment_after.lease_entries, segment_before.lease_entries);
  EXPECT_EQ(segment_after.committed_bytes, segment_before.committed_bytes);
  EXPECT_EQ(segment_after.leases, 0U);
// How much memory allocators may keep; 4 bytes a user would be as much. AddressSanitizer keeps 256 MiB of
// freed memory to find uses after free.
#ifdef __SANITIZE_ADDRESS__
  constexpr std::uint64_t kNoise = 320U << 20U;
#else
  constexpr std::uint64_t kNoise = 4U << 20U;
#endif
  EXPECT_LT(PrivateBytes(getpid()), worker_before + kNoise);
  EXPECT_LT(PrivateBytes(agent.process().pid()), agent_before + kNoise);
}

TEST_F(AudioEndToEndTest, OnlyTheLastThousandUsersWhoHaveGoneAreShown) {
  const Quota quota = MakeQuota();
  const Agent agent = StartAgent();
  for (int i = 0; i < 1'100; i += 100) {
    std::vector<Stream> streams;
    for (int k = i; k < i + 100; k++)
      streams.push_back(std::move(quota.try_start_stream(std::to_string(k)).value()));
    agent.Get();
  }
  const testing::Scrape scrape = agent.Get();
  EXPECT_EQ(scrape[R"(audio_streaming_active{user_id="1099"})"], 0);
  EXPECT_EQ(scrape[R"(audio_streaming_active{user_id="100"})"], 0);
  EXPECT_EQ(scrape[R"(audio_streaming_active{user_id="99"})"], std::nullopt);
}

}  // namespace
}  // namespace shmetrics::audio
