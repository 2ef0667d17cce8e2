// The agent started by systemd with shmetrics-agent.socket: file descriptor 3 is a listening socket.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/http/unix_socket.h"
#include "shm/base/unique_fd.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Ended;
using shmetrics::testing::Get;
using shmetrics::testing::PrivateFolder;
using shmetrics::testing::Program;
using shmetrics::testing::RunProgram;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A socket of this process on a free port of 127.0.0.1. Like systemd's own it does not block.
class Socket {
 public:
  explicit Socket(int type = SOCK_STREAM, bool listens = true)
      : fd_(socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    EXPECT_TRUE(!listens || listen(fd_.get(), SOMAXCONN) == 0);
    getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  int fd() const { return fd_.get(); }
  std::uint16_t port() const { return port_; }

 private:
  shm::UniqueFd fd_;
  std::uint16_t port_ = 0;
};

class SocketActivationTest : public ::testing::Test {
 protected:
  ~SocketActivationTest() override {
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
  }

  /// The command line of an agent that finds `fds` from 3 on. A shell starts it, because LISTEN_PID must be
  /// the agent's process id, which the test cannot know before that process exists.
  std::vector<std::string> Launch(const std::vector<int>& fds, const std::string& count,
                                  const std::vector<std::string>& flags = {}) {
    setenv("LISTEN_FDS", count.c_str(), 1);
    std::string script = "export LISTEN_PID=${PID_OF_ANOTHER:-$$}; exec \"$0\" \"$@\" 3<&-";
    for (std::size_t i = 0; i < fds.size(); i++) {
      // An inherited duplicate with a number that the shell does not use itself; the shell moves it to its
      // place.
      const int passed = fcntl(fds[i], F_DUPFD, 100);
      passed_.emplace_back(passed);
      script += " " + std::to_string(3 + i) + "<&" + std::to_string(passed);
    }
    std::vector<std::string> arguments = {
        "bash",          "-c",        script,           SHMETRICS_AGENT,
        "--config.file", "/dev/null", "--segment.path", folder_ / "segment"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return arguments;
  }

  static void ExpectRefused(const std::vector<std::string>& arguments, const std::string& reason) {
    const Ended ended = RunProgram(arguments);
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.errors, StartsWith("shmetrics-agent: "));
    EXPECT_THAT(ended.errors, HasSubstr(reason));
  }

  PrivateFolder folder_;
  std::vector<shm::UniqueFd> passed_;
};

TEST_F(SocketActivationTest, TheAgentServesOnTheSocketThatItIsGiven) {
  const Socket socket;
  Program agent(Launch({socket.fd()}, "1"));
  ASSERT_TRUE(agent.WaitForText(" on 127.0.0.1:" + std::to_string(socket.port())).has_value())
      << agent.errors();
  EXPECT_EQ(Get(socket.port(), "/-/healthy").status, 200);
  EXPECT_THAT(agent.errors(), Not(HasSubstr("level=warn")));
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(), 0) << agent.errors();
}

TEST_F(SocketActivationTest, AClientThatComesBeforeTheAgentIsServed) {
  const Socket socket;
  const std::vector<std::string> arguments = Launch({socket.fd()}, "1");
  testing::Child client([&] { EXPECT_EQ(Get(socket.port(), "/-/healthy").status, 200); });
  Program agent(arguments);
  EXPECT_EQ(client.Wait(), 0);
}

TEST_F(SocketActivationTest, TheSocketWinsOverTheConfiguredAddressAndTheLogSaysSo) {
  const Socket socket;
  Program agent(Launch({socket.fd()}, "1", {"--web.listen-address", "127.0.0.1:1"}));
  const std::string port = std::to_string(socket.port());
  ASSERT_TRUE(agent.WaitForText("serves " + folder_ / "segment" + " on 127.0.0.1:" + port).has_value())
      << agent.errors();
  EXPECT_THAT(agent.errors(), HasSubstr("level=warn msg=\"the configured address 127.0.0.1:1 is not used"));
  EXPECT_EQ(Get(socket.port(), "/-/healthy").status, 200);
}

TEST_F(SocketActivationTest, ASocketMeantForAnotherProcessIsLeftAlone) {
  setenv("PID_OF_ANOTHER", "1", 1);
  const Socket socket;
  Program agent(Launch({socket.fd()}, "1", {"--web.listen-address", "127.0.0.1:0"}));
  unsetenv("PID_OF_ANOTHER");
  const auto rest = agent.WaitForText(" on 127.0.0.1:");
  ASSERT_TRUE(rest.has_value()) << agent.errors();
  EXPECT_NE(std::atoi(rest->c_str()), socket.port());
}

TEST_F(SocketActivationTest, EveryOneOfSeveralSocketsIsServedAlsoAUnixOneWhoseFileStays) {
  const Socket first;
  const std::string path = folder_ / "http";
  const shm::UniqueFd second(ListenOnUnixSocket(path).value().fd);
  Program agent(Launch({first.fd(), second.get()}, "2"));
  ASSERT_TRUE(agent.WaitForText(" on unix:" + path).has_value()) << agent.errors();
  EXPECT_EQ(Get(first.port(), "/-/healthy").status, 200);
  EXPECT_EQ(Get(path, "/-/healthy").status, 200);
  agent.Signal(SIGTERM);
  EXPECT_EQ(agent.Wait(), 0) << agent.errors();
  EXPECT_TRUE(std::filesystem::exists(path)) << "it is the service manager's";
}

TEST_F(SocketActivationTest, ADescriptorThatDoesNotListenIsRefused) {
  const Socket connects(SOCK_STREAM, false);
  ExpectRefused(Launch({connects.fd()}, "1"), "not a stream socket that listens");
  const Socket datagrams(SOCK_DGRAM, false);
  ExpectRefused(Launch({datagrams.fd()}, "1"), "not a stream socket that listens");
  const shm::UniqueFd file(open("/dev/null", O_RDONLY | O_CLOEXEC));
  ExpectRefused(Launch({file.get()}, "1"), "not a stream socket that listens");
}

TEST_F(SocketActivationTest, ASocketThatIsPromisedAndNotThereIsRefused) {
  ExpectRefused(Launch({}, "1"), "cannot take the sockets that LISTEN_FDS tells of");
  ExpectRefused(Launch({}, "many"), "cannot take the sockets that LISTEN_FDS tells of");
}

}  // namespace
}  // namespace shmetrics::agent
