// Fault A4. Nobody reads the agent's stderr: a log shipper stands still, or a terminal was stopped by Ctrl-S.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <fstream>
#include <string>

#include "shm/base/unique_fd.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics {
namespace {

using testing::Get;

/// An agent whose stderr is a pipe of one page. The test reads it only to learn the port.
class UnreadLogTest : public ::testing::Test {
 protected:
  UnreadLogTest() {
    std::ofstream(ini_) << "[log]\nlevel = debug\n";
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    fcntl(ends[1], F_SETPIPE_SZ, 4096);
    log_ = shm::UniqueFd(ends[0]);
    const pid_t agent = fork();
    if (agent == 0) {
      testing::DieWithParent();
      dup2(ends[1], STDERR_FILENO);
      execl(SHMETRICS_AGENT, SHMETRICS_AGENT, "--config.file", ini_.c_str(), "--segment.path",
            segment_.c_str(), "--web.listen-address", "127.0.0.1:0", nullptr);
      _exit(127);
    }
    close(ends[1]);
    agent_ = testing::Child(agent);
    port_ = ReadPort();
  }

  std::uint16_t ReadPort() const {
    const std::string mark = " on 127.0.0.1:";
    std::string read_so_far;
    char byte = 0;
    while (!read_so_far.ends_with("\"\n") && read(log_.get(), &byte, 1) == 1) read_so_far += byte;
    const std::size_t at = read_so_far.find(mark);
    return at == std::string::npos
               ? 0
               : static_cast<std::uint16_t>(std::stoi(read_so_far.substr(at + mark.size())));
  }
  /// Makes the agent log some lines.
  void FillTheLog() const {
    for (int i = 0; i < 100; i++) {
      testing::SendRaw(port_, "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n");
    }
    agent_.Signal(SIGHUP);
  }
  double Dropped() const {
    return testing::Scrape(Get(port_, "/metrics").body)["shmetrics_log_lines_dropped_total"].value_or(-1);
  }

  testing::PrivateFolder folder_;
  const std::string ini_ = folder_ / "agent.ini";
  const std::string segment_ = folder_ / "segment";
  shm::UniqueFd log_;
  testing::Child agent_{-1};
  std::uint16_t port_ = 0;
};

TEST_F(UnreadLogTest, ItServesReloadsAndStopsAndCountsTheLinesThatItDrops) {
  ASSERT_NE(port_, 0);
  EXPECT_EQ(Dropped(), 0);
  testing::WaitUntil([this] {
    FillTheLog();
    return Dropped() > 0;
  });
  EXPECT_EQ(Get(port_, "/-/healthy").status, 200);
  std::ofstream(ini_) << "[log]\nlevel = error\nformat = json\n[web.users]\n"
                         "scraper = $2y$04$abcdefghijklmnopqrstuuS8uYxyuFPOPpgpd6KQSCyJlq4p9lPoO\n";
  agent_.Signal(SIGHUP);
  testing::WaitUntil([&] { return Get(port_, "/-/healthy").status == 401; });
  agent_.Signal(SIGTERM);
  EXPECT_EQ(agent_.Wait(), 0);
}

TEST_F(UnreadLogTest, ALineIsLostOnlyIfThereIsNoRoomForIt) {
  FillTheLog();
  agent_.Signal(SIGTERM);
  std::string log;
  char part[4096];
  for (ssize_t bytes = 0; (bytes = read(log_.get(), part, sizeof part)) > 0;) log.append(part, bytes);
  EXPECT_EQ(agent_.Wait(), 0);
  EXPECT_NE(log.find("stopping on SIGTERM"), std::string::npos) << log;
}

TEST_F(UnreadLogTest, AReaderThatIsGoneIsNoMatterEither) {
  log_ = shm::UniqueFd();
  FillTheLog();
  testing::WaitUntil([&] { return Dropped() > 0; });
  agent_.Signal(SIGTERM);
  EXPECT_EQ(agent_.Wait(), 0);
}

}  // namespace
}  // namespace shmetrics
