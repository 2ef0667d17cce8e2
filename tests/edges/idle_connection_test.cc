// Fault A12. Connections that are kept between scrapes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "shm/base/unique_fd.h"
#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/nightly.h"
#include "tests/support/private_folder.h"

namespace shmetrics {
namespace {

using shm::UniqueFd;
using testing::Agent;
using ::testing::HasSubstr;
using testing::PrivateFolder;

constexpr const char* kAsk = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// One answer on a connection that is kept; empty if the agent has closed it.
std::string AskOn(const UniqueFd& connection) {
  testing::SendAll(connection.get(), kAsk);
  return testing::ReceiveAll(connection.get(), [](const std::string& received) {
    return received.find("The agent is alive.\n") != std::string::npos;
  });
}

bool IsOpen(const UniqueFd& connection) {
  pollfd look{connection.get(), POLLIN | POLLRDHUP, 0};
  return poll(&look, 1, 0) == 0;
}

class IdleConnectionTest : public ::testing::Test {
 protected:
  /// Starts an agent with these lines of [web].
  Agent Start(const std::string& web) const {
    std::ofstream(folder_ / "agent.ini") << "[web]\n" << web;
    return {SHMETRICS_AGENT, folder_ / "segment", 0, {"--config.file", folder_ / "agent.ini"}};
  }

  PrivateFolder folder_;
};

// Fault A12. At night with the intervals at which people scrape; the longest is two and a half times the
// default deadline, which idle connections used to have.
TEST_F(IdleConnectionTest, AScrapeOnAKeptConnectionIsNeverLostHoweverLongItWasIdle) {
  const Agent agent = Start(testing::IsNightly() ? "" : "request_deadline_seconds = 1\n");
  std::vector<int> intervals{16};
  if (testing::IsNightly()) intervals = {15, 30, 60, 75};
  std::vector<std::jthread> scrapers;
  for (const int seconds : intervals) {
    scrapers.emplace_back([&agent, seconds] {
      const UniqueFd kept = testing::Connect(agent.port());
      EXPECT_THAT(AskOn(kept), HasSubstr(" 200 "));
      std::this_thread::sleep_for(std::chrono::seconds(seconds));
      EXPECT_THAT(AskOn(kept), HasSubstr(" 200 ")) << "after " << seconds << " s";
    });
  }
}

// Fault A12.
TEST_F(IdleConnectionTest, ANewScraperTakesThePlaceOfTheLongestIdle) {
  constexpr std::size_t kPlaces = 64;
  const Agent agent = Start("request_deadline_seconds = 600\n");
  std::vector<UniqueFd> idle;
  for (std::size_t i = 0; i < kPlaces; i++) {
    idle.push_back(testing::Connect(agent.port()));
    EXPECT_THAT(AskOn(idle.back()), HasSubstr(" 200 "));
  }
  for (std::size_t i = 0; i < kPlaces; i++) EXPECT_TRUE(IsOpen(idle[i])) << i << " is within the limit";

  for (std::size_t scraper = 1; scraper <= 10; scraper++) {
    idle.push_back(testing::Connect(agent.port()));
    EXPECT_THAT(AskOn(idle.back()), HasSubstr(" 200 ")) << "scraper " << scraper;
    for (std::size_t i = 0; i < idle.size(); i++) {
      EXPECT_EQ(IsOpen(idle[i]), i >= scraper) << "connection " << i << " after scraper " << scraper;
    }
  }
}

// Fault A12.
TEST_F(IdleConnectionTest, OneThatIsUsedIsNotTheLongestIdle) {
  const Agent agent = Start("max_connections = 3\n");
  const UniqueFd used = testing::Connect(agent.port());
  const UniqueFd unused = testing::Connect(agent.port());
  EXPECT_THAT(AskOn(used), HasSubstr(" 200 "));
  EXPECT_THAT(AskOn(unused), HasSubstr(" 200 "));
  for (int i = 0; i < 20; i++) {
    EXPECT_THAT(AskOn(used), HasSubstr(" 200 ")) << i;
    EXPECT_EQ(testing::Get(agent.port(), "/-/healthy").status, 200);
    const UniqueFd left_idle = testing::Connect(agent.port());
    EXPECT_THAT(AskOn(left_idle), HasSubstr(" 200 ")) << i;
  }
}

// Fault A12. What is busy is not closed for others, and those wait for a place.
TEST_F(IdleConnectionTest, AConnectionWithARequestKeepsItsPlace) {
  const Agent agent = Start("max_connections = 2\n");
  const UniqueFd first = testing::Connect(agent.port());
  const UniqueFd second = testing::Connect(agent.port());
  for (const UniqueFd* half : {&first, &second}) testing::SendAll(half->get(), "GET /-/healthy HTTP/1.1\r\n");
  for (int i = 0; i < 5; i++) {
    const UniqueFd next = testing::Connect(agent.port());
    EXPECT_THAT(AskOn(next), HasSubstr(" 200 ")) << "there is a place for one that makes room";
  }
  for (const UniqueFd* half : {&first, &second}) {
    EXPECT_TRUE(IsOpen(*half));
    testing::SendAll(half->get(), "Host: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(testing::ReceiveAll(half->get()), HasSubstr("The agent is alive.")) << "it was not cut";
  }
}

}  // namespace
}  // namespace shmetrics
