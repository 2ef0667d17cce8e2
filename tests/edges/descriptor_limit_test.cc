// Fault A6. More connections than descriptors.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Ended;
using ::testing::HasSubstr;
using testing::PrivateFolder;
using testing::Program;

/// The command line of an agent whose system allows so many descriptors.
std::vector<std::string> Limited(const std::string& limits, const std::vector<std::string>& agent) {
  std::vector<std::string> line{"prlimit", "--nofile=" + limits};
  line.insert(line.end(), agent.begin(), agent.end());
  return line;
}

class DescriptorLimitTest : public ::testing::Test {
 protected:
  std::vector<std::string> AgentWith(const std::string& max_connections) const {
    std::ofstream(folder_ / "agent.ini") << "[web]\nmax_connections = " << max_connections << '\n';
    return {SHMETRICS_AGENT, "--segment.path",       folder_ / "segment",
            "--config.file", folder_ / "agent.ini",  "--web.listen-address",
            "127.0.0.1:0",   "--web.listen-address", "unix:" + folder_ / "http"};
  }

  PrivateFolder folder_;
};

// Fault A6.
TEST_F(DescriptorLimitTest, WhatDoesNotFitIsRefusedAtTheStartWithTheKeyAndBothNumbers) {
  const Ended ended = testing::RunProgram(Limited("1024:1024", AgentWith("1024")));
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.errors, HasSubstr("[web] max_connections: 1024 on each of 2 addresses"));
  EXPECT_THAT(ended.errors, HasSubstr("take 2130 file descriptors, and the system allows 1024"));
  EXPECT_EQ(testing::Get(folder_ / "http", "/-/healthy").status, 0) << "the socket is gone with the agent";
}

// Fault A6.
TEST_F(DescriptorLimitTest, AFloodUpToTheLimitLeavesTheUnixSocketFree) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < 4'096) GTEST_SKIP() << "the system allows only " << limit.rlim_max;
  const rlimit mine{limit.rlim_max, limit.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &mine), 0);
  // The soft limit alone would be too low; the agent raises it.
  Program agent(Limited("256:2400", AgentWith("1024")));
  const auto rest = agent.WaitForText(" on 127.0.0.1:");
  ASSERT_TRUE(rest.has_value()) << agent.errors();
  ASSERT_TRUE(agent.WaitForText("unix:").has_value());
  const auto port = static_cast<std::uint16_t>(std::stoi(*rest));
  std::vector<shm::UniqueFd> flood;
  for (int i = 0; i < 1'500; i++) {
    flood.push_back(testing::Connect(port));
    testing::SendAll(flood.back().get(), "GET / HTTP/1.1\r\n");
  }
  for (int i = 0; i < 20; i++) {
    EXPECT_EQ(testing::Get(folder_ / "http", "/metrics").status, 200);
  }
  flood.clear();
  EXPECT_EQ(testing::Get(port, "/metrics").status, 200);
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace shmetrics
