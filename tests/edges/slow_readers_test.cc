// Fault A5. Many clients ask for large answers and take them slowly, or never.

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics {
namespace {

constexpr int kReaders = 40;

class SlowReadersTest : public ::testing::Test {
 protected:
  SlowReadersTest() {
    const CounterFamily jobs =
        Registry::open({.segment = segment_}).counter({.name = "jobs_total", .labels = {"n"}});
    for (int i = 0; i < 9'000; i++) jobs.with({std::to_string(i) + std::string(900, 'x')}).inc();
  }
  testing::Agent Start(const std::string& settings) const {
    std::ofstream(ini_) << "[web]\n" << settings;
    return testing::Agent(SHMETRICS_AGENT, segment_, 0, {"--config.file", ini_});
  }
  /// Clients that ask, and take nothing.
  static std::vector<shm::UniqueFd> Ask(const testing::Agent& agent) {
    std::vector<shm::UniqueFd> readers;
    for (int i = 0; i < kReaders; i++) {
      readers.push_back(testing::Connect(agent.port()));
      testing::SendAll(readers.back().get(), "GET /api/v1/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }
    return readers;
  }
  static double InFlight(const testing::Agent& agent) {
    return OwnMetric(agent, "shmetrics_http_response_bytes_in_flight");
  }
  static double OwnMetric(const testing::Agent& agent, const std::string& name) {
    return testing::Scrape(testing::Get(agent.port(), "/metrics?name[]=" + name).body)[name].value_or(-1);
  }
  static std::uint64_t ResidentKilobytes(const testing::Agent& agent) {
    std::ifstream status("/proc/" + std::to_string(agent.process().pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
    }
    return 0;
  }

  testing::PrivateFolder folder_;
  const std::string segment_ = folder_ / "segment";
  const std::string ini_ = folder_ / "agent.ini";
};

TEST_F(SlowReadersTest, ThoseWhoAskForTheSameShareOneAnswerAndItsMemoryIsGivenBack) {
  const testing::Agent agent = Start("");
  const double one = static_cast<double>(testing::Get(agent.port(), "/api/v1/metrics").body.size());
  ASSERT_GT(one, 8e6);
  [[maybe_unused]] const std::uint64_t before = ResidentKilobytes(agent);
  {
    const std::vector<shm::UniqueFd> readers = Ask(agent);
    testing::WaitUntil([&] { return InFlight(agent) >= one; });
    EXPECT_LT(InFlight(agent), kReaders / 2 * one);
    EXPECT_LE(InFlight(agent), OwnMetric(agent, "shmetrics_http_response_bytes_in_flight_limit"));
  }
  testing::WaitUntil([&] { return InFlight(agent) == 0; });
#ifndef __SANITIZE_ADDRESS__  // it keeps what is freed for a while
  EXPECT_LE(ResidentKilobytes(agent), before * 3 / 2);
#endif
}

TEST_F(SlowReadersTest, WhatDoesNotFitIsA503AndTheAgentStaysHealthyAndReady) {
  const testing::Agent agent = Start("max_response_bytes_in_flight = 1048576\n");
  const testing::HttpAnswer answer = testing::Get(agent.port(), "/api/v1/metrics");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.at("retry-after"), "5");
  EXPECT_NE(answer.body.find("max_response_bytes_in_flight"), std::string::npos);
  EXPECT_EQ(testing::Get(agent.port(), "/-/healthy").status, 200);
  EXPECT_EQ(testing::Get(agent.port(), "/-/ready").status, 200);
  EXPECT_GE(OwnMetric(agent, "shmetrics_http_responses_refused_total"), 1);
}

}  // namespace
}  // namespace shmetrics
