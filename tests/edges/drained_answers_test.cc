// Fault A10. The agent is stopped while clients are being sent their answers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics {
namespace {

using ::testing::HasSubstr;

class DrainedAnswersTest : public ::testing::Test {
 protected:
  DrainedAnswersTest() {
    const CounterFamily jobs =
        Registry::open({.segment = segment_}).counter({.name = "jobs_total", .labels = {"n"}});
    for (int i = 0; i < 9'000; i++) jobs.with({std::to_string(i) + std::string(900, 'x')}).inc();
  }

  /// Asks for an answer that the sockets' buffers cannot hold, and takes the first byte of it.
  shm::UniqueFd Ask() const {
    shm::UniqueFd client = testing::Connect(agent_.port());
    testing::SendAll(client.get(), "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    char byte = 0;
    EXPECT_EQ(recv(client.get(), &byte, 1, 0), 1);
    return client;
  }
  void StopAgent() {
    agent_.process().Signal(SIGTERM);
    testing::WaitUntil([&] { return !testing::Connect(agent_.port()).valid(); });
  }

  testing::PrivateFolder folder_;
  const std::string segment_ = folder_ / "segment";
  const std::string socket_ = folder_ / "agent.sock";
  testing::Agent agent_{SHMETRICS_AGENT, segment_, 0, {"--web.listen-address", "unix:" + socket_}};
};

TEST_F(DrainedAnswersTest, WhoseAnswerIsOnItsWayGetsAllOfItAndNobodyElseIsLetIn) {
  const shm::UniqueFd client = Ask();
  StopAgent();
  EXPECT_FALSE(std::filesystem::exists(socket_)) << "another agent can begin";
  const std::string rest = testing::ReceiveAll(client.get());
  EXPECT_TRUE(rest.ends_with("} 1\n") || rest.ends_with("\n")) << "the connection ends with the answer";
  const std::size_t head = rest.find("\r\n\r\n");
  const std::size_t length = std::stoul(rest.substr(rest.find("Content-Length: ") + 16));
  EXPECT_EQ(rest.size() - head - 4, length);
  EXPECT_EQ(agent_.process().Wait(), 0);
}

TEST_F(DrainedAnswersTest, AClientThatTakesNothingIsCutOffAfterAWhile) {
  const shm::UniqueFd client = Ask();
  StopAgent();
  EXPECT_EQ(agent_.process().Wait(), 0);
  EXPECT_THAT(agent_.process().errors(), HasSubstr("did not take their answers within 5 s"));
}

}  // namespace
}  // namespace shmetrics
