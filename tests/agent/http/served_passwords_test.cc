// Fault A2: a server that asks for passwords, and checks them beside serving.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/http/http_server.h"
#include "tests/support/http_client.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Get;
using shmetrics::testing::SendRaw;
using ::testing::StartsWith;

class ServedPasswordsTest : public ::testing::Test {
 protected:
  ServedPasswordsTest() {
    // A check takes long enough to be overtaken.
    const WebUser user{"prom", "$2b$12$abcdefghijklmnopqrstuuT1Iwu6o8Wx7BoOyIMHfgVJq6JO/IJhW"};
    server_ =
        std::move(HttpServer::Start(
                      Listen({"127.0.0.1", 0}).value(), {}, {.tls = {}, .users = {user}, .allowed_hosts = {}},
                      [](const HttpRequest&) {
                        return HttpResponse{200, "text/plain", "hello\n"};
                      },
                      {}, {}, nullptr, &counts_)
                      .value());
  }
  std::string Request(const char* credentials) const {
    return "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Basic " +
           std::string(credentials) + "\r\n\r\n";
  }

  static constexpr const char* kRight = "cHJvbTpzZWNyZXQ=";  // prom:secret
  static constexpr const char* kWrong = "cHJvbTp3cm9uZw==";  // prom:wrong
  PasswordCounts counts_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(ServedPasswordsTest, ARightPasswordIsCheckedOnce) {
  EXPECT_THAT(SendRaw(server_->address().port, Request(kRight)), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(SendRaw(server_->address().port, Request(kRight)), StartsWith("HTTP/1.1 200 "));
  EXPECT_EQ(counts_.right, 1U);
  EXPECT_EQ(counts_.remembered, 1U);
}

TEST_F(ServedPasswordsTest, AnswersDoNotWaitForPasswordsThatAreChecked) {
  // Together they take seconds.
  std::vector<shm::UniqueFd> clients;
  for (char last = 'a'; last < 'y'; last++) {
    clients.push_back(testing::Connect(server_->address().port));
    testing::SendAll(clients.back().get(), Request(("cHJvbTp3cm9u" + std::string(1, last) + "w==").c_str()));
  }
  EXPECT_EQ(Get(server_->address().port, "/x").status, 401);
  EXPECT_GT(counts_.waiting, 0U) << "the answer came while they were checked";
}

TEST_F(ServedPasswordsTest, AWrongPasswordEndsItsConnection) {
  const std::string kept =
      "GET /x HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " + std::string(kWrong) + "\r\n\r\n";
  EXPECT_THAT(SendRaw(server_->address().port, kept + kept), StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(counts_.wrong, 1U) << "nothing behind it was read";
}

TEST_F(ServedPasswordsTest, AServerStopsThoughThreadsCheckPasswords) {
  std::vector<shm::UniqueFd> clients;
  for (int i = 0; i < 20; i++) {
    clients.push_back(testing::Connect(server_->address().port));
    testing::SendAll(clients.back().get(), Request(i % 2 == 0 ? kRight : kWrong));
  }
  clients.front() = shm::UniqueFd();  // gone while it waits
  while (counts_.waiting == 0 && counts_.right == 0) std::this_thread::yield();
  server_.reset();
  EXPECT_EQ(counts_.waiting, 0U);
}

}  // namespace
}  // namespace shmetrics::agent
