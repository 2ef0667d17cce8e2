// Fault A13. HTTP as the world speaks it, to a real agent.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics {
namespace {

using testing::Agent;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PrivateFolder;
using testing::SendRaw;
using ::testing::StartsWith;

class HttpShapesTest : public ::testing::Test {
 protected:
  /// What comes for a request line and more headers, on a connection that ends with it.
  std::string Ask(const std::string& line, const std::string& headers = "Host: localhost\r\n") const {
    return SendRaw(agent_.port(), line + "\r\n" + headers + "Connection: close\r\n\r\n");
  }
  static std::size_t Answers(const std::string& received) {
    std::size_t count = received.starts_with("HTTP/1.1 ") ? 1 : 0;
    for (std::size_t at = 0; (at = received.find("\nHTTP/1.1 ", at)) != std::string::npos; at++) count++;
    return count;
  }

  PrivateFolder folder_;
  const Agent agent_{SHMETRICS_AGENT, folder_ / "segment", 0, {"--web.allowed-host", "agent.example"}};
};

// Fault A13.
TEST_F(HttpShapesTest, AnAbsoluteAddressIsAnsweredAndItsHostCountsMoreThanTheHeader) {
  for (const char* begin :
       {"http://localhost", "HTTP://127.0.0.1:8000", "https://agent.example", "http://[::1]:1"}) {
    const std::string address(begin);
    EXPECT_THAT(Ask("GET " + address + "/metrics HTTP/1.1"), StartsWith("HTTP/1.1 200 ")) << begin;
    EXPECT_THAT(Ask("GET " + address + "/metrics HTTP/1.1", "Host: evil.example\r\n"),
                StartsWith("HTTP/1.1 200 "))
        << begin;
    EXPECT_THAT(Ask("GET " + address + " HTTP/1.1"), HasSubstr("<html")) << begin << " is the page";
    EXPECT_THAT(Ask("GET " + address + "/api/v1/families?top=x HTTP/1.1"), StartsWith("HTTP/1.1 400 "))
        << "its query counts";
  }
  EXPECT_THAT(Ask("GET http://evil.example/metrics HTTP/1.1"), StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Ask("GET http://evil.example/metrics HTTP/1.0", ""), StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Ask("GET http://localhost/metrics HTTP/1.1", ""), StartsWith("HTTP/1.1 400 "))
      << "HTTP/1.1 has a Host header all the same";
  for (const char* address : {"http:///metrics", "http://user@localhost/", "ftp://localhost/", "localhost:80",
                              "http://", "*", "metrics"}) {
    EXPECT_THAT(Ask("GET " + std::string(address) + " HTTP/1.1"), StartsWith("HTTP/1.1 400 ")) << address;
  }
}

// Fault A13.
TEST_F(HttpShapesTest, OptionsNamesTheMethods) {
  for (const char* line : {"OPTIONS * HTTP/1.1", "OPTIONS /metrics HTTP/1.1", "OPTIONS / HTTP/1.0",
                           "OPTIONS http://localhost/ HTTP/1.1"}) {
    const std::string received = Ask(line);
    EXPECT_THAT(received, StartsWith("HTTP/1.1 204 ")) << line;
    EXPECT_THAT(received, HasSubstr("\r\nAllow: GET, HEAD, OPTIONS\r\n")) << line;
    EXPECT_TRUE(received.ends_with("\r\n\r\n")) << "it has no body: " << received;
  }
  EXPECT_THAT(Ask("OPTIONS / HTTP/1.0", ""), StartsWith("HTTP/1.1 204 "));
  EXPECT_THAT(Ask("OPTIONS * HTTP/1.1", "Host: evil.example\r\n"), StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Ask("TRACE / HTTP/1.1"), StartsWith("HTTP/1.1 405 "));
}

// Fault A13.
TEST_F(HttpShapesTest, HeadHasTheHeadersOfGetAndALengthOnlyWhereOneIsKnown) {
  for (const char* path :
       {"/metrics", "/api/v1/metrics", "/api/v1/metrics/json", "/api/v1/workers", "/api/v1/families",
        "/api/v1/audio/stream/status", "/api/v1/audio/stream/limits?user_id=1", "/api/v1/audio/stream/limits",
        "/nope", "/-/healthy", "/-/ready", "/", "/metrics?nope=1"}) {
    const testing::HttpAnswer get = testing::Get(agent_.port(), path);
    const std::string received = Ask("HEAD " + std::string(path) + " HTTP/1.1");
    EXPECT_THAT(received, StartsWith("HTTP/1.1 " + std::to_string(get.status) + " ")) << path;
    EXPECT_THAT(received, HasSubstr("\r\nContent-Type: " + get.headers.at("content-type") + "\r\n")) << path;
    EXPECT_TRUE(received.ends_with("\r\n\r\n") && received.find("\r\n\r\n") == received.size() - 4)
        << "no body: " << received;
    EXPECT_THAT(received, AnyOf(HasSubstr("\r\nContent-Length: " + std::to_string(get.body.size()) + "\r\n"),
                                Not(HasSubstr("Content-Length"))))
        << path;
    EXPECT_THAT(received, Not(HasSubstr("chunked"))) << path;
  }
}

// Fault A13.
TEST_F(HttpShapesTest, AZeroByteAnywhereInTheHeadIsRefusedOnce) {
  const std::string head =
      "GET /-/healthy?a=b HTTP/1.1\r\nHost: localhost\r\nX-Name: value\r\nContent-Length: 0\r\n"
      "Connection: close\r\n\r\n";
  const std::string zero(1, '\0');
  ASSERT_THAT(SendRaw(agent_.port(), head), StartsWith("HTTP/1.1 200 "));
  for (std::size_t at = 0; at + 2 < head.size(); at++) {
    std::string inserted = head;
    inserted.insert(at, zero);
    std::string replaced = head;
    replaced[at] = '\0';
    for (const std::string& bytes : {inserted, replaced}) {
      // What a zero byte cut off would be the next request.
      const std::string received =
          SendRaw(agent_.port(), bytes + "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
      EXPECT_THAT(received, StartsWith("HTTP/1.1 400 ")) << "at " << at;
      EXPECT_EQ(Answers(received), 1U) << "at " << at << ": " << received;
    }
  }
  const std::string hidden =
      "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n" + zero + "X: y\r\nContent-Length: 3\r\n\r\nabc";
  EXPECT_THAT(SendRaw(agent_.port(), hidden), StartsWith("HTTP/1.1 400 "));
}

// Fault A13.
TEST_F(HttpShapesTest, AnUnknownParameterIsRefusedByNameButNotByProbes) {
  const std::string names = Ask("GET /metrics?name=jobs_total HTTP/1.1");
  EXPECT_THAT(names, StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(names, HasSubstr("There is no parameter 'name' here; there are: name[] created."));
  for (const char* path :
       {"/api/v1/metrics", "/api/v1/metrics/json", "/api/v1/metrics/text", "/api/v1/workers",
        "/api/v1/status", "/api/v1/families", "/api/v1/audio/stream/status", "/api/v1/audio/stream/limits"}) {
    const std::string answer = Ask("GET " + std::string(path) + "?nmae%5B%5D=x HTTP/1.1");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << path;
    EXPECT_THAT(answer, HasSubstr("'nmae[]'")) << path;
  }
  EXPECT_THAT(Ask("GET /metrics?" + std::string(1'000, 'x') + " HTTP/1.1"),
              HasSubstr("parameter of this name"));
  EXPECT_THAT(Ask("GET /api/v1/workers?%FF=1 HTTP/1.1"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Ask("GET /metrics?name[]=a&name%5b%5d=b&created=true HTTP/1.1"), StartsWith("HTTP/1.1 200 "));
  for (const char* path : {"/-/healthy?ts=1", "/-/ready?x", "/?theme=dark"}) {
    EXPECT_THAT(Ask("GET " + std::string(path) + " HTTP/1.1"), Not(StartsWith("HTTP/1.1 400 "))) << path;
  }
}

// Fault A13.
TEST_F(HttpShapesTest, WhatOldAndOddClientsSendIsAnsweredToo) {
  for (const auto& [head, status] : std::vector<std::tuple<std::string, int>>{
           {"GET /-/healthy HTTP/1.0\r\n\r\n", 200},
           {"GET /-/healthy HTTP/1.0\n\n", 200},
           {"\r\n\r\nGET /-/healthy HTTP/1.0\r\n\r\n", 200},
           {"GET /-/healthy HTTP/1.2\r\nHost: localhost\r\nConnection: close\r\n\r\n", 200},
           {"GET /-/healthy HTTP/1.1\r\nHost:localhost\r\nConnection:  close  \r\n\r\n", 200},
           {"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
            200},
           {"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX: J\xc3\xbcrgen\r\nConnection: close\r\n\r\n",
            200},
           {"get /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405},
           {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
           {"GET /-/healthy HTTP/0.9\r\n\r\n", 505},
           {"GET /-/healthy\r\n\r\n", 400},
           {"GET  /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
           {"GET /-/hea lthy HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
           {"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX : 1\r\n\r\n", 400},
           {"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n folded\r\n\r\n", 400},
           {"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400},
           {"\x16\x03\x01\x02", 400}}) {
    const std::string received = SendRaw(agent_.port(), head);
    EXPECT_THAT(received, StartsWith("HTTP/1.1 " + std::to_string(status) + " ")) << head;
    EXPECT_EQ(Answers(received), 1U) << head;
  }
}

// Fault A13.
TEST_F(HttpShapesTest, RequestsThatComeTogetherOrBytewiseAreAnsweredInTheirOrder) {
  const std::string first = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string last = "GET /nope HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  std::string heads;
  for (int i = 0; i < 300; i++) heads += first;
  heads += last;
  const std::string together = SendRaw(agent_.port(), heads);
  EXPECT_EQ(Answers(together), 301U);
  EXPECT_GT(together.find("HTTP/1.1 404 "), together.rfind("HTTP/1.1 200 "));

  const shm::UniqueFd client = testing::Connect(agent_.port());
  for (const char byte : first + last) testing::SendAll(client.get(), std::string(1, byte));
  const std::string bytewise = testing::ReceiveAll(client.get());
  EXPECT_THAT(bytewise, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(bytewise, HasSubstr("\nHTTP/1.1 404 "));
}

// Fault A13.
TEST_F(HttpShapesTest, AClientThatHasNothingMoreToSendGetsItsAnswer) {
  const shm::UniqueFd client = testing::Connect(agent_.port());
  testing::SendAll(client.get(), "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n");
  shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(Answers(testing::ReceiveAll(client.get())), 1U);
}

// Fault A13.
TEST_F(HttpShapesTest, AnAllowedHostComesFromFlagElseEnvironmentElseFile) {
  EXPECT_THAT(Ask("GET /-/healthy HTTP/1.1", "Host: agent.example:9\r\n"), StartsWith("HTTP/1.1 200 "));
  const std::string foreign = Ask("GET /-/healthy HTTP/1.1", "Host: shm_backend\r\n");
  EXPECT_THAT(foreign, StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(foreign, HasSubstr("--web.allowed-host"));
}

}  // namespace
}  // namespace shmetrics
