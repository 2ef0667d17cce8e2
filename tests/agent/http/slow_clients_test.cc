// Slow clients, slow on purpose or not, and a server with a short deadline and few places: fault 36.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/http/http_server.h"
#include "shm/base/unique_fd.h"
#include "tests/support/certificate.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Connect;
using shmetrics::testing::Get;
using shmetrics::testing::ReceiveAll;
using shmetrics::testing::SendAll;
using std::chrono::milliseconds;
using ::testing::StartsWith;

constexpr std::size_t kLargeBody = 20'000'000;

HttpResponse Answer(const HttpRequest& request) {
  return {200, "text/plain", request.path == "/large" ? std::string(kLargeBody, 'x') : "hello\n"};
}

std::unique_ptr<HttpServer> Start(unsigned max_connections, milliseconds deadline, HttpPolicy policy = {},
                                  const ListenAddress& address = {"127.0.0.1", 0}) {
  return std::move(
      HttpServer::Start(Listen(address).value(), {max_connections, deadline}, std::move(policy), Answer)
          .value());
}

bool IsOpen(const shm::UniqueFd& client) {
  pollfd wait{client.get(), POLLIN | POLLRDHUP, 0};
  return poll(&wait, 1, 0) == 0;
}

TEST(SlowClientsTest, SixtyDrippingClientsDoNotDelayAScrapeAndAreGoneAfterTheDeadline) {
  constexpr milliseconds kDeadline(2000);
  const auto server = Start(64, kDeadline);
  const std::uint16_t port = server->address().port;
  std::vector<shm::UniqueFd> clients;
  const auto begun = std::chrono::steady_clock::now();
  // Half of them stop inside the request line, half inside the headers.
  for (int i = 0; i < 60; i++) {
    clients.push_back(Connect(port));
    SendAll(clients.back().get(), i % 2 == 0 ? "GET /" : "GET / HTTP/1.1\r\nHost: localhost\r\nX: ");
  }
  const auto drip = [&] {
    for (const shm::UniqueFd& client : clients) SendAll(client.get(), "x");
  };
  for (int i = 0; i < 2; i++) {
    EXPECT_EQ(Get(port, "/").status, 200);
    drip();
    std::this_thread::sleep_for(milliseconds(500));
  }
  EXPECT_EQ(Get(port, "/").status, 200);
  const auto open = std::ranges::count_if(clients, IsOpen);
  // On a slow machine the deadline may have passed already.
  if (std::chrono::steady_clock::now() < begun + kDeadline) {
    EXPECT_EQ(open, 60) << "the scrapes did not wait for them to end";
  }

  while (std::ranges::any_of(clients, IsOpen)) {
    drip();
    std::this_thread::sleep_for(milliseconds(500));
  }
  EXPECT_EQ(Get(port, "/").status, 200);
}

TEST(SlowClientsTest, SlowReadersAreCutAndTheNextClientGetsAPlace) {
  const auto server = Start(1, milliseconds(500));
  // One more than the limit: the server takes it because an idle one could make room.
  const std::array<shm::UniqueFd, 2> slow = {Connect(server->address().port),
                                             Connect(server->address().port)};
  for (const shm::UniqueFd& reader : slow) {
    SendAll(reader.get(), "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  EXPECT_EQ(Get(server->address().port, "/").status, 200);
  for (const shm::UniqueFd& reader : slow) EXPECT_LT(ReceiveAll(reader.get()).size(), kLargeBody);
}

TEST(SlowClientsTest, AnIdleConnectionGivesItsPlaceToTheNext) {
  const auto server = Start(1, milliseconds(300));
  const std::uint16_t port = server->address().port;
  const shm::UniqueFd silent = Connect(port);
  EXPECT_EQ(Get(port, "/").status, 200);
  EXPECT_EQ(ReceiveAll(silent.get()), "");
  const shm::UniqueFd kept_alive = Connect(port);
  SendAll(kept_alive.get(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(Get(port, "/").status, 200);
  EXPECT_THAT(ReceiveAll(kept_alive.get()), StartsWith("HTTP/1.1 200 "));
}

TEST(SlowClientsTest, AConnectionThatIsUsedLivesPastTheDeadlineOfItsFirstRequest) {
  const auto server = Start(4, milliseconds(600));
  const shm::UniqueFd used = Connect(server->address().port);
  const shm::UniqueFd silent = Connect(server->address().port);
  while (IsOpen(silent)) {
    SendAll(used.get(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    std::this_thread::sleep_for(milliseconds(100));
  }
  SendAll(used.get(), "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const std::string received = ReceiveAll(used.get());
  EXPECT_NE(received.find("Connection: close"), std::string::npos)
      << "the last of them was answered: " << received;
}

// Fault A12.
TEST(SlowClientsTest, AKeptConnectionMayBeIdleForLongButNotSlowWithItsNextRequest) {
  // Long enough for an answer on a machine with other work, and short against an hour.
  const auto server = Start(4, milliseconds(2'000));
  const auto ask = [](const shm::UniqueFd& client) {
    SendAll(client.get(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return ReceiveAll(client.get(),
                      [](const std::string& received) { return received.ends_with("hello\n"); });
  };
  const shm::UniqueFd idle = Connect(server->address().port);
  EXPECT_THAT(ask(idle), StartsWith("HTTP/1.1 200 "));
  const shm::UniqueFd slow = Connect(server->address().port);
  EXPECT_THAT(ask(slow), StartsWith("HTTP/1.1 200 "));
  std::this_thread::sleep_for(milliseconds(3'000));
  EXPECT_TRUE(IsOpen(idle) && IsOpen(slow));
  SendAll(slow.get(), "GET / HTTP/1.1\r\nX: ");
  while (IsOpen(slow)) {
    SendAll(slow.get(), "x");
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_THAT(ask(idle), StartsWith("HTTP/1.1 200 "));
}

// Fault A3.
TEST(SlowClientsTest, ClientsThatSendHeadsWithoutEndDoNotDelayAScrape) {
  const auto server = Start(64, milliseconds(3'000));
  const std::uint16_t port = server->address().port;
  std::atomic<bool> is_done = false;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 8; i++) {
    clients.emplace_back([&] {
      const std::string block(std::size_t{64} << 10U, 'x');
      while (!is_done) {
        const shm::UniqueFd client = Connect(port);
        SendAll(client.get(), "GET / HTTP/1.1\r\nX: ");
        for (int blocks = 0; blocks < 400 && !is_done; blocks++) SendAll(client.get(), block);
      }
    });
  }
  for (int i = 0; i < 20; i++) EXPECT_EQ(Get(port, "/").status, 200) << i;
  is_done = true;
}

TEST(SlowClientsTest, AnUnfinishedHandshakeIsCut) {
  const testing::PrivateFolder folder;
  testing::MakeCertificate(folder / "certificate.pem", folder / "key.pem", "agent");
  const auto server =
      Start(1, milliseconds(500), {TlsFiles{folder / "certificate.pem", folder / "key.pem"}, {}, {}});
  const shm::UniqueFd silent = Connect(server->address().port);
  const shm::UniqueFd drips = Connect(server->address().port);
  // The beginning of a ClientHello of 512 bytes.
  SendAll(drips.get(), std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11));
  while (IsOpen(drips)) {
    SendAll(drips.get(), std::string(1, '\0'));
    std::this_thread::sleep_for(milliseconds(50));
  }
  EXPECT_FALSE(IsOpen(silent));
}

TEST(SlowClientsTest, AFloodOnTcpDoesNotLockOutAScraperOnTheUnixSocket) {
  const testing::PrivateFolder folder;
  const auto tcp = Start(4, milliseconds(60'000));
  const auto unix_socket = Start(4, milliseconds(60'000), {}, {.unix_path = folder / "http"});
  std::vector<shm::UniqueFd> flood;
  for (int i = 0; i < 100; i++) {
    flood.push_back(Connect(tcp->address().port));
    SendAll(flood.back().get(), "GET / HTTP/1.1\r\n");
  }
  for (int i = 0; i < 10; i++) EXPECT_EQ(Get(folder / "http", "/").status, 200);
  EXPECT_EQ(std::ranges::count_if(flood, IsOpen), 100);
}

}  // namespace
}  // namespace shmetrics::agent
