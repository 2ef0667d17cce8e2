#include "agent/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/http_client.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Get;
using shmetrics::testing::HttpAnswer;
using shmetrics::testing::Request;
using shmetrics::testing::SendRaw;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

/// Remembers the paths it was asked for.
class HttpServerTest : public ::testing::Test {
 protected:
  HttpResponse Answer(const HttpRequest& request) {
    paths_.emplace_back(request.path);
    for (const auto& [name, value] : request.parameters) {
      parameters_.push_back(std::string(name) + '=' + std::string(value));
    }
    first_user_ = request.Parameter("user");
    if (request.path == "/throw") throw std::bad_alloc();
    return {200, "text/plain", body_, {{"X-Extra", "yes"}}};
  }

  std::string body_ = "hello\n";
  std::vector<std::string> paths_;
  std::vector<std::string> parameters_;
  std::optional<std::string> first_user_;
  const std::unique_ptr<HttpServer> server_ =
      std::move(HttpServer::Start({"127.0.0.1", 0}, [this](const HttpRequest& request) {
                  return Answer(request);
                }).value());
  const std::uint16_t port_ = server_->port();
};

TEST_F(HttpServerTest, AnAnswerIsCompleteAndNotToBeStoredOrGuessedAt) {
  const HttpAnswer answer = Get(port_, "/x");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "hello\n");
  EXPECT_EQ(answer.headers.at("content-type"), "text/plain");
  EXPECT_EQ(answer.headers.at("content-length"), "6");
  EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
  EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.headers.at("x-extra"), "yes");
}

TEST_F(HttpServerTest, ALargeBodyArrivesWhole) {
  body_.assign(20'000'000, 'x');
  EXPECT_TRUE(Get(port_, "/x").body == body_);
}

TEST_F(HttpServerTest, HeadHasTheLengthButNoBody) {
  const HttpAnswer answer = Request(port_, "HEAD", "/x");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-length"), "6");
  EXPECT_EQ(answer.body, "");
}

TEST_F(HttpServerTest, ThePathIsDecodedAndComesWithoutTheQuery) {
  Get(port_, "/a%20b?c=d");
  EXPECT_THAT(paths_, ElementsAre("/a b"));
}

TEST_F(HttpServerTest, TheQueryIsDecodedAndTakenApart) {
  Get(port_, "/x?user=%C3%A4%26+b&empty=&none&user=2");
  EXPECT_THAT(parameters_, ElementsAre("user=\xc3\xa4& b", "empty=", "none=", "user=2"));
  EXPECT_EQ(first_user_, "\xc3\xa4& b");
  Get(port_, "/x?User=1");
  EXPECT_EQ(first_user_, std::nullopt);
}

TEST_F(HttpServerTest, OtherMethodsAreRefusedWithTheOnesThatAreNot) {
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "BREW"}) {
    const HttpAnswer answer = Request(port_, method, "/x");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD") << method;
  }
  EXPECT_THAT(paths_, IsEmpty());
}

TEST_F(HttpServerTest, ARequestWithABodyIsRefusedAndNothingBehindItIsRead) {
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const char* headers :
       {"Content-Length: 5\r\n", "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "transfer-encoding: xchunked\r\n", "Content-Length: 00\r\n"}) {
    for (const char* method : {"GET", "POST"}) {
      const std::string received =
          SendRaw(port_, std::string(method) + " /x HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n" + smuggled);
      EXPECT_THAT(received, StartsWith("HTTP/1.1 400 ")) << method << ' ' << headers;
      EXPECT_EQ(received.find("HTTP/1.1", 1), std::string::npos) << "a second answer: " << received;
    }
  }
  EXPECT_THAT(paths_, IsEmpty());
}

TEST_F(HttpServerTest, AnEmptyBodyIsNone) {
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, AZeroByteInThePathOrQueryIsRefused) {
  EXPECT_EQ(Get(port_, "/x%00y").status, 400);
  EXPECT_EQ(Get(port_, "/x?y=%00").status, 400);
  EXPECT_EQ(Get(port_, "/x?y%00=1").status, 400);
  EXPECT_THAT(paths_, IsEmpty());
}

TEST_F(HttpServerTest, ARequestWithoutHostOrOfNonsenseIsRefused) {
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/9.9\r\nHost: h\r\n\r\n"), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(SendRaw(port_, "\x16\x03\x01 nonsense\r\n\r\n"), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(paths_, IsEmpty());
}

TEST_F(HttpServerTest, HeadersBeyondTheMemoryOfAConnectionAreRefused) {
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n"),
              Not(HasSubstr(" 200 ")));
  EXPECT_EQ(Get(port_, "/y").status, 200);
}

TEST_F(HttpServerTest, TwoRequestsOnOneConnectionGetTwoAnswers) {
  const std::string received = SendRaw(port_,
                                       "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
                                       "GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(received, StartsWith("HTTP/1.1 200 "));
  EXPECT_NE(received.find("HTTP/1.1 200 ", 1), std::string::npos);
  EXPECT_THAT(paths_, ElementsAre("/a", "/b"));
}

TEST_F(HttpServerTest, AHandlerThatThrowsMakesA500AndTheServerLivesOn) {
  EXPECT_EQ(Get(port_, "/throw").status, 500);
  EXPECT_EQ(Get(port_, "/x").status, 200);
}

TEST_F(HttpServerTest, ATakenPortIsAnError) {
  const auto second =
      HttpServer::Start({"127.0.0.1", port_}, [](const HttpRequest&) { return HttpResponse{}; });
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("Address already in use"));
}

TEST(HttpServerStopTest, ThePortIsFreeAgain) {
  auto server = std::move(HttpServer::Start({"127.0.0.1", 0}, [](const HttpRequest&) {
                            return HttpResponse{200, "", ""};
                          }).value());
  const std::uint16_t port = server->port();
  server.reset();
  EXPECT_EQ(Get(port, "/").status, 0);
  EXPECT_TRUE(HttpServer::Start({"127.0.0.1", port}, [](const HttpRequest&) { return HttpResponse{}; }).ok());
}

}  // namespace
}  // namespace shmetrics::agent
