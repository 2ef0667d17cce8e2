// The worst defects of the audio system that this one replaces. Each test fails on the behaviour of that system.
// The numbers are those of the list that was made of its defects. Defects 3, 4 and 7 have more tests in
// audio_test.cc of this folder and in tests/client-lib/audio.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics::audio {
namespace {

using testing::Agent;
using testing::Child;
using testing::RunInChild;
using testing::SharedPage;

class ReplacedSystemTest : public testing::RegistryFixture {
 protected:
  /// A process that has started a stream of the user and lives until it is killed.
  Child Streamer(const std::string& user, const StartOptions& options = {}) {
    ready_->store(0);
    Child child([this, user, options] {
      const Result<Stream> stream = quota_.try_start_stream(user, options);
      EXPECT_TRUE(stream);
      ready_->store(1);
      for (;;) pause();
    });
    testing::WaitUntil([this] { return ready_->load() == 1; });
    return child;
  }
  static std::string StreamsOf(const std::string& user) {
    return "audio_streaming_active{user_id=\"" + user + "\"}";
  }
  static std::string Violations(const std::string& type) {
    return "audio_quota_violations_total{type=\"" + type + "\"}";
  }

  const Quota quota_{Open(), {.config = "/dev/null"}};
  const Agent agent_{SHMETRICS_AGENT, segment_};
  SharedPage<std::atomic<int>> ready_;
};

TEST_F(ReplacedSystemTest, Defect3TheScrapeHasNoDottedNameAndAnyUserIdIsEscaped) {
  const Result<Stream> stream = quota_.try_start_stream("7\" evil\n} 1");
  const testing::Scrape scrape = agent_.Get();
  EXPECT_EQ(scrape[StreamsOf(R"(7\" evil\n} 1)")], 1);
  EXPECT_EQ(scrape.text().find("audio."), std::string::npos);
}

TEST_F(ReplacedSystemTest, Defect4ThreeDenialsAreThreeViolations) {
  for (int i = 0; i < 3; i++) EXPECT_FALSE(quota_.consume_daily_minutes("7", 31));
  EXPECT_EQ(agent_.Get()[Violations("daily_minutes")], 3);
}

TEST_F(ReplacedSystemTest, Defect5CountsAreTotalsHoweverManyAndAQuietUserStaysShown) {
  const Result<Stream> quiet = quota_.try_start_stream("quiet");
  for (int i = 0; i < 1'500; i++) EXPECT_FALSE(quota_.consume_daily_minutes("busy", 31));
  for (int i = 0; i < 1'500; i++) EXPECT_TRUE(quota_.try_start_stream("busy"));
  const testing::Scrape scrape = agent_.Get();
  EXPECT_EQ(scrape[Violations("daily_minutes")], 1'500);
  EXPECT_EQ(scrape[StreamsOf("quiet")], 1);
}

TEST_F(ReplacedSystemTest, Defect6ACrashedWorkersPlaceIsKeptByNobodysHeartbeatsAndNobodysDenials) {
  const StartOptions two_places{.tier = Tier::standard};  // three places; this process takes two
  Result<Stream> first = quota_.try_start_stream("7", two_places);
  const Result<Stream> second = quota_.try_start_stream("7", two_places);
  Child crashed = Streamer("7", two_places);
  EXPECT_TRUE(first->heartbeat());
  EXPECT_FALSE(quota_.try_start_stream("7", two_places));
  crashed.Kill();
  EXPECT_TRUE(first->heartbeat());
  EXPECT_EQ(agent_.Get()[StreamsOf("7")], 2);
  EXPECT_TRUE(quota_.try_start_stream("7", two_places));
}

TEST_F(ReplacedSystemTest, Defect6AJobOfACrashedWorkerDoesNotStayForEver) {
  EXPECT_EQ(RunInChild([this] {
              const Result<Job> job = quota_.try_start_job("7");
              EXPECT_TRUE(job);
              raise(SIGKILL);
            }),
            128 + SIGKILL);
  EXPECT_TRUE(quota_.try_start_job("7"));
}

TEST_F(ReplacedSystemTest, Defect7TheGaugeFallsWhenAWorkerDiesWithoutAnybodySayingSo) {
  Child worker = Streamer("7");
  EXPECT_EQ(agent_.Get()[StreamsOf("7")], 1);
  worker.Kill();
  EXPECT_EQ(agent_.Get()[StreamsOf("7")], 0);
}

TEST_F(ReplacedSystemTest, Defect8FiveStartsAtALimitOfTwoAreTwoAndADenialIsNotRemembered) {
  int admitted = 0;
  std::vector<Stream> streams;
  for (int i = 0; i < 5; i++) {
    if (Result<Stream> stream = quota_.try_start_stream("7", {.tier = Tier::free})) {
      streams.push_back(std::move(stream.value()));
      admitted++;
    }
  }
  EXPECT_EQ(admitted, 1);  // the limit of the free tier
  EXPECT_EQ(agent_.Get()[StreamsOf("7")], 1);
  EXPECT_TRUE(streams.back().finish());
  EXPECT_TRUE(quota_.try_start_stream("7")) << "the place is free, whatever was said before";
}

TEST_F(ReplacedSystemTest, Defect8FinishingOneStreamEndsThatOneOnly) {
  std::vector<Stream> streams;
  for (int i = 0; i < 3; i++) {
    streams.push_back(std::move(quota_.try_start_stream("7", {.tier = Tier::standard}).value()));
  }
  EXPECT_TRUE(streams[0].finish());
  EXPECT_EQ(agent_.Get()[StreamsOf("7")], 2);
  EXPECT_FALSE(streams[0].active());
  EXPECT_TRUE(streams[1].active());
  EXPECT_TRUE(streams[2].active());
}

TEST_F(ReplacedSystemTest, Defect9AJobThatOutlivesEveryTtlStillHasItsPlaceToGiveBack) {
  // A job has no TTL unless it asks for one, so there is none to outlive.
  Result<Job> job = quota_.try_start_job("7");
  EXPECT_FALSE(quota_.try_start_job("7"));
  EXPECT_TRUE(job->active());
  EXPECT_TRUE(job->finish());
  EXPECT_TRUE(quota_.try_start_job("7"));
}

TEST_F(ReplacedSystemTest, Defect10ChunksOfEqualSizeAreAllRecordedHoweverSmall) {
  constexpr double kChunk = 0.4 / 60;  // 0.4 s, which that system rounded to 0
  double used = 0;
  for (int i = 0; i < 150; i++) used = quota_.consume_daily_minutes("7", kChunk)->used;
  EXPECT_NEAR(used, 1.0, 1e-6);
}

}  // namespace
}  // namespace shmetrics::audio
