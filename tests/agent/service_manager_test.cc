// The agent started by systemd with Type=notify. The test plays the manager.

#include "agent/service_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include "shm/base/unique_fd.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::PrivateFolder;
using shmetrics::testing::Program;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ServiceManagerTest : public ::testing::Test {
 protected:
  ServiceManagerTest() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    timeval patience{20, 0};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~ServiceManagerTest() override {
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
  }

  /// The next message to the manager; empty if none comes.
  std::string Told() const {
    std::array<char, 4096> buffer{};
    const ssize_t bytes = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return bytes < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(bytes));
  }

  /// The same, without messages for the watchdog.
  std::string ToldButForTheWatchdog() const {
    std::string told = Told();
    while (told == "WATCHDOG=1") told = Told();
    return told;
  }

  std::vector<std::string> Launch() const {
    return {SHMETRICS_AGENT,     "--config.file",        ini_,         "--segment.path",
            folder_ / "segment", "--web.listen-address", "127.0.0.1:0"};
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "notify";
  const std::string ini_ = folder_ / "agent.ini";
  shm::UniqueFd socket_;
};

TEST_F(ServiceManagerTest, TheManagerIsToldOfTheStartReloadsAndTheEnd) {
  std::ofstream(ini_) << "";
  Program agent(Launch());
  EXPECT_EQ(Told(), "READY=1");
  const auto port = agent.WaitForText(" on 127.0.0.1:");
  ASSERT_TRUE(port.has_value()) << agent.errors();
  EXPECT_EQ(testing::Get(static_cast<std::uint16_t>(std::stoi(*port)), "/-/healthy").status, 200);
  for (const char* text : {"[log]\nlevel = debug\n", "[log]\nlevel = loud\n"}) {
    std::ofstream(ini_) << text;
    agent.Signal(SIGHUP);
    EXPECT_THAT(Told(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
    EXPECT_EQ(Told(), "READY=1") << "also after a configuration that is bad: the agent serves";
  }
  agent.Signal(SIGTERM);
  EXPECT_EQ(Told(), "STOPPING=1");
  EXPECT_EQ(agent.Wait(), 0);
}

TEST_F(ServiceManagerTest, TheWatchdogIsToldAgainAndAgainThatTheAgentLives) {
  std::ofstream(ini_) << "";
  setenv("WATCHDOG_USEC", "300000", 1);
  Program agent(Launch());
  EXPECT_EQ(Told(), "READY=1");
  EXPECT_EQ(Told(), "WATCHDOG=1");
  EXPECT_EQ(Told(), "WATCHDOG=1");
  agent.Signal(SIGTERM);
  EXPECT_EQ(ToldButForTheWatchdog(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, AnAgentThatCannotStartIsNeverReady) {
  std::ofstream(ini_) << "[log]\nlevel = loud\n";
  Program agent(Launch());
  EXPECT_EQ(agent.Wait(), 2);
  std::array<char, 16> buffer{};
  EXPECT_LT(recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT), 0);
}

TEST_F(ServiceManagerTest, WithoutAManagerNothingIsSentAndNothingFails) {
  unsetenv("NOTIFY_SOCKET");
  NotifyReady();
  NotifyAlive();
  EXPECT_FALSE(WatchdogTimeout());
  setenv("WATCHDOG_USEC", "5000000", 1);
  EXPECT_EQ(WatchdogTimeout(), std::chrono::seconds(5));
}

}  // namespace
}  // namespace shmetrics::agent
