// Fault A2. Strangers who guess passwords keep nobody out: a scraper with the right password is served soon,
// also if the agent has never seen it, and however dear a check is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/certificate.h"
#include "tests/support/http_client.h"
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

/// A hash of the password "secret", and how soon the scraper is promised its answers.
struct Cost {
  const char* name;
  const char* hash;
  double seconds;
};
constexpr Cost kCosts[] = {
    {"8", "$2b$08$abcdefghijklmnopqrstuuKxCcvB7KZ7.BpDoK0bh6qM7Dl1/xiJa", 1},
    {"10", "$2b$10$abcdefghijklmnopqrstuuqflPDzB6gcMhKa1rZqKiun2YGL5sa2u", 3},
    {"12", "$2b$12$abcdefghijklmnopqrstuuT1Iwu6o8Wx7BoOyIMHfgVJq6JO/IJhW", 3},
    {"14", "$2b$14$abcdefghijklmnopqrstuug2/T3netL3BPRcnafSaAr9lEfTNoLyC", 3},
};
// A scraper that stood behind the 50 guessers would see 50 checks go by. It sees the end of those that were
// begun, at most one in each of the threads, and those that they do while its own goes on.
constexpr int kMostChecksBefore = 15;

// A minute for each cost would take half an hour, and seconds can be promised only of a machine that does nothing
// else: both is for the night.
std::vector<Cost> CostsToTry() {
  if (testing::IsNightly()) return {std::begin(kCosts), std::end(kCosts)};
  return {kCosts[0]};
}

class GuessersTest : public ::testing::TestWithParam<std::tuple<Cost, const char*, const char*>> {
 protected:
  const testing::PrivateFolder folder_;
  const std::string ini_ = folder_ / "agent.ini";
};

TEST_P(GuessersTest, TheScraperIsServedBeforeThem) {
  const auto& [cost, kind, transport] = GetParam();
  const int seconds = testing::IsNightly() ? 60 : 3;
  std::ofstream ini(ini_);
  ini << "[web.users]\nprom = " << cost.hash << "\n[web]\n";
  if (std::string(kind) == "proxy") ini << "trusted_proxies = 127.0.0.1\n";
  if (std::string(transport) == "tls") {
    testing::MakeCertificate(folder_ / "certificate.pem", folder_ / "key.pem", "agent");
    ini << "tls_certificate = " << folder_ / "certificate.pem"
        << "\ntls_key = " << folder_ / "key.pem"
        << "\n";
  }
  ini.close();
  std::filesystem::permissions(ini_, std::filesystem::perms(0600));
  testing::Agent agent(SHMETRICS_AGENT, folder_ / "segment", 0, {"--config.file", ini_});

  const testing::Ended siege =
      testing::RunProgram({"python3", SHMETRICS_SOURCE_DIR "/tests/edges/guessers.py",
                           std::to_string(agent.port()), kind, transport, std::to_string(seconds)});
  ASSERT_EQ(siege.code, 0) << siege.errors << agent.process().errors();
  std::istringstream said(siege.output);
  int right = 0, asked = 0, checks_before = -1;
  double slowest = 0;
  said >> right >> asked >> slowest >> checks_before;
  EXPECT_EQ(right, asked) << siege.output;
  EXPECT_EQ(asked, seconds);
  EXPECT_LE(checks_before, kMostChecksBefore);
  EXPECT_GE(checks_before, 0);
  if (testing::IsNightly()) {
    EXPECT_LE(slowest, cost.seconds);
  }
}

std::string NameOf(const ::testing::TestParamInfo<GuessersTest::ParamType>& info) {
  const auto& [cost, kind, transport] = info.param;
  return "Cost" + std::string(cost.name) + '_' + kind + '_' + transport;
}

INSTANTIATE_TEST_SUITE_P(Sieges, GuessersTest,
                         ::testing::Combine(::testing::ValuesIn(CostsToTry()),
                                            ::testing::Values("many", "one", "proxy"),
                                            ::testing::Values("tcp", "tls")),
                         NameOf);

}  // namespace
}  // namespace shmetrics
