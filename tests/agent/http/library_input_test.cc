#include "agent/http/library_input.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "shm/base/unique_fd.h"
#include "tests/support/http_client.h"

namespace shmetrics::agent {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SendAll;
using ::testing::StartsWith;

constexpr std::size_t kRoom = 4'096;

class LibraryInputTest : public ::testing::Test {
 protected:
  LibraryInputTest() {
    std::array<int, 2> fds{};
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds.data()), 0);
    server_ = shm::UniqueFd(fds[0]);
    client_ = shm::UniqueFd(fds[1]);
  }
  /// What a library that calls recv() gets; the error's number if there is one.
  std::string Received() const {
    std::string bytes(kRoom, '\0');
    const ssize_t n = recv(server_.get(), bytes.data(), bytes.size(), 0);
    if (n < 0) return "errno " + std::to_string(errno);
    bytes.resize(static_cast<std::size_t>(n));
    return bytes;
  }
  static std::string Waits() { return "errno " + std::to_string(EAGAIN); }

  ConnectionDeadlines deadlines_{std::chrono::hours(1), std::chrono::hours(1)};
  shm::UniqueFd server_;
  shm::UniqueFd client_;
};

TEST_F(LibraryInputTest, TheLibraryGetsARequestOfOursForEachCompleteHeadAndNoByteOfTheClients) {
  LibraryInput input(server_.get(), nullptr, &deadlines_);
  EXPECT_EQ(Received(), Waits());
  SendAll(client_.get(), std::string("POST /secret\0 HTTP/1.1\r\nsecret: secret\r\n", 40));
  EXPECT_EQ(Received(), Waits());
  EXPECT_FALSE(input.MayAnswer());
  SendAll(client_.get(), "\r\nGET /next HTTP/1.0\r\n\r\nGET /third");
  const std::string first = Received();
  EXPECT_THAT(first,
              AllOf(StartsWith("GET / HTTP/1.1\r\n"), HasSubstr("Keep-Alive\r\n"), Not(HasSubstr("secret"))));
  EXPECT_EQ(first.size(), kRoom) << "the library must read again, because more is here";
  EXPECT_TRUE(input.MayAnswer());
  EXPECT_EQ(input.Head().method, "POST");
  EXPECT_EQ(input.Head().fault_status, 400);
  EXPECT_EQ(Received(), Waits()) << "until the answer";

  EXPECT_FALSE(input.Next());
  EXPECT_FALSE(input.MayAnswer());
  EXPECT_THAT(Received(), AllOf(StartsWith("GET / HTTP/1.0\r\n"), HasSubstr("Connection: close\r\n")));
  EXPECT_EQ(input.Head().target, "/next");
  EXPECT_FALSE(input.Next());
  EXPECT_EQ(Received(), Waits());
}

TEST_F(LibraryInputTest, AHeadRequestIsOneForTheLibraryToo) {
  LibraryInput input(server_.get(), nullptr, &deadlines_);
  SendAll(client_.get(), "HEAD /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(Received(), AllOf(StartsWith("HEAD / HTTP/1.1\r\n"), HasSubstr("Connection: close\r\n")));
  EXPECT_TRUE(input.Next());
}

TEST_F(LibraryInputTest, TheEndOfAConnectionIsPassedOn) {
  const LibraryInput input(server_.get(), nullptr, &deadlines_);
  SendAll(client_.get(), "GET / HTT");
  client_ = shm::UniqueFd();
  EXPECT_EQ(Received(), "");
}

TEST_F(LibraryInputTest, ALargeHeadIsReadInPartsSoThatOthersGetTheirTurn) {
  LibraryInput input(server_.get(), nullptr, &deadlines_);
  const int size = 1 << 20;
  setsockopt(client_.get(), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  // A socket pair does not take it all at once.
  std::string head = "GET / HTTP/1.1\r\nX: " + std::string(400'000, 'x') + "\r\n\r\n";
  bool gave_way = false;
  std::string received;
  while (!received.starts_with("GET")) {
    const ssize_t n = head.empty() ? 0 : send(client_.get(), head.data(), head.size(), MSG_NOSIGNAL);
    if (n > 0) head.erase(0, static_cast<std::size_t>(n));
    received = Received();
    gave_way = gave_way || received == "errno " + std::to_string(EINTR);
    ASSERT_THAT(received, ::testing::AnyOf(StartsWith("GET"), StartsWith("errno ")));
  }
  EXPECT_TRUE(gave_way);
  EXPECT_EQ(input.Head().fault_status, 431);
}

TEST_F(LibraryInputTest, OtherSocketsAreReadAsAlways) {
  SendAll(client_.get(), "bytes");
  EXPECT_EQ(Received(), "bytes");
  { const LibraryInput input(server_.get(), nullptr, &deadlines_); }
  SendAll(client_.get(), "more");
  EXPECT_EQ(Received(), "more");
}

}  // namespace
}  // namespace shmetrics::agent
