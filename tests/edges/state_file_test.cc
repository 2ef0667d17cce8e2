// Faults A4 and A9. The file in which agents save the ledger is on a disk that stands still, is deleted, or
// is given to two segments.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics {
namespace {

using testing::Agent;
using ::testing::HasSubstr;

class StateFileTest : public ::testing::Test {
 protected:
  StateFileTest() {
    std::ofstream(ini_) << "[Audio-Quota]\nstate_file = " << state_ << "\n";
    setenv("SHMETRICS_CONFIG", ini_.c_str(), 1);
  }
  ~StateFileTest() override { unsetenv("SHMETRICS_CONFIG"); }

  /// A worker of a service with a segment of its own gives a user a tier.
  static void Work(const std::string& segment, const std::string& user) {
    Registry& registry = Registry::open({.segment = segment});
    audio::Quota quota(registry);
    EXPECT_TRUE(quota.set_tier(user, audio::Tier::premium).ok());
  }
  Agent Start(const std::string& segment) const {
    return Agent(SHMETRICS_AGENT, segment, 0, {"--config.file", ini_});
  }
  static int Stop(Agent* agent) {
    agent->process().Signal(SIGTERM);
    return agent->process().Wait();
  }
  std::string Saved() const {
    std::ifstream file(state_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  testing::PrivateFolder folder_;
  const std::string ini_ = folder_ / "shmetrics.ini";
  const std::string state_ = folder_ / "ledger.json";
  const std::string segment_ = folder_ / "segment";
};

// Fault A9.
TEST_F(StateFileTest, ADeletedFileIsThereAgainWhenTheAgentHasStoppedThoughNothingHasChanged) {
  Work(segment_, "anna");
  Agent first = Start(segment_);
  EXPECT_EQ(Stop(&first), 0);
  EXPECT_THAT(Saved(), HasSubstr("\"anna\""));
  EXPECT_THAT(Saved(), HasSubstr("\"segment\":\"" + segment_ + "\""));
  Agent second = Start(segment_);
  std::filesystem::remove(state_);
  EXPECT_EQ(Stop(&second), 0);
  EXPECT_THAT(Saved(), HasSubstr("\"anna\""));
}

// Fault A9.
TEST_F(StateFileTest, OfTwoSegmentsWithOneFileTheFirstKeepsItAndTheOtherSaysSo) {
  const std::string other = folder_ / "other";
  Work(segment_, "anna");
  Work(other, "bert");
  Agent agent = Start(segment_);
  Agent agent_of_other = Start(other);
  EXPECT_EQ(Stop(&agent), 0);
  EXPECT_EQ(Stop(&agent_of_other), 1) << "users of this segment are saved nowhere";
  EXPECT_THAT(agent_of_other.process().errors(), HasSubstr("is the ledger of segment " + segment_));
  EXPECT_THAT(Saved(), HasSubstr("\"anna\""));
}

// Fault A9.
TEST_F(StateFileTest, TheMetricsSayWhetherTheLedgerIsSaved) {
  Work(segment_, "anna");
  const Agent agent = Start(segment_);
  const testing::Scrape scrape = agent.Get();
  EXPECT_EQ(scrape["shmetrics_ledger_loaded"], 1);
  EXPECT_EQ(scrape["shmetrics_ledger_save_failures_total"], 0);
  EXPECT_EQ(scrape["shmetrics_ledger_last_save_success_timestamp_seconds"], 0) << "none yet";
}

// Fault A4.
TEST_F(StateFileTest, ADiskThatStandsStillDelaysTheEndOnlyForAWhileAndItIsSaid) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "nothing can be loaded before its runtime";
#endif
  Work(segment_, "anna");
  setenv("LD_PRELOAD", SLOW_DISK, 1);
  Agent agent = Start(segment_);
  unsetenv("LD_PRELOAD");
  EXPECT_EQ(Stop(&agent), 1);
  EXPECT_THAT(agent.process().errors(), HasSubstr("the ledger is not saved: that would take longer than"));
  EXPECT_EQ(Saved(), "");
}

}  // namespace
}  // namespace shmetrics
