#include "agent/http/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Get;
using shmetrics::testing::GetWith;
using shmetrics::testing::HttpAnswer;
using shmetrics::testing::Request;
using shmetrics::testing::SendRaw;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::unique_ptr<HttpServer> StartOn(const ListenAddress& address, HttpHandler handler,
                                    AnswerObserver observer = {}) {
  const Result<Listener> listener = Listen(address);
  EXPECT_TRUE(listener.ok()) << listener.error().message;
  return std::move(
      HttpServer::Start(listener.value(), {}, {}, std::move(handler), std::move(observer)).value());
}

/// Remembers the requested paths.
class HttpServerTest : public ::testing::Test {
 protected:
  HttpResponse Answer(const HttpRequest& request) {
    paths_.emplace_back(request.path);
    for (const auto& [name, value] : request.parameters) {
      parameters_.push_back(std::string(name) + '=' + std::string(value));
    }
    first_user_ = request.Parameter("user");
    if (request.path == "/throw") throw std::bad_alloc();
    if (request.path == "/unwritten") return {200, "text/plain", {}, {}, !request.is_head};
    return {200, "text/plain", body_, {{"X-Extra", "yes"}}};
  }

  std::string body_ = "hello\n";
  std::vector<std::string> paths_;
  std::vector<int> statuses_;
  std::vector<std::string> parameters_;
  std::optional<std::string> first_user_;
  const std::unique_ptr<HttpServer> server_ = StartOn(
      {"127.0.0.1", 0}, [this](const HttpRequest& request) { return Answer(request); },
      [this](int status) { statuses_.push_back(status); });
  const std::uint16_t port_ = server_->address().port;
};

TEST_F(HttpServerTest, AnAnswerIsCompleteAndForbidsStoringAndTypeGuessing) {
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

TEST_F(HttpServerTest, OtherMethodsAreRefusedAndTheAllowedOnesAreNamed) {
  for (const char* method : {"PUT", "DELETE", "OPTIONS", "BREW"}) {
    const HttpAnswer answer = Request(port_, method, "/x");
    EXPECT_EQ(answer.status, std::string(method) == "OPTIONS" ? 204 : 405) << method;
    EXPECT_EQ(answer.headers.at("allow"), "GET, HEAD, OPTIONS") << method;
  }
  EXPECT_THAT(paths_, IsEmpty());
}

// Fault 36.
TEST_F(HttpServerTest, ARequestWithABodyIsRefusedAndNothingBehindItIsRead) {
  const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const char* headers : {"Content-Length: 5\r\n",
                              "Content-Length: 0\r\nContent-Length: 5\r\n",
                              "Transfer-Encoding: chunked\r\n",
                              "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                              "transfer-encoding: xchunked\r\n",
                              "Content-Length: 00\r\n",
                              "Content-Length: +5\r\n",
                              "Content-Length: -5\r\n",
                              "Content-Length: 0x5\r\n",
                              "Content-Length: 5 5\r\n",
                              "Content-Length: 0\r\nContent-Length: 0\r\n",
                              "Content-Length: 0,0\r\n",
                              "Content-Length:\r\n",
                              "Content-Length : 5\r\n",
                              " Content-Length: 5\r\n",
                              "Content-Length: 99999999999999999999\r\n",
                              "Transfer-Encoding:\tchunked\r\n",
                              "Transfer-Encoding: identity\r\n",
                              "Transfer-Encoding:\n chunked\r\n",
                              "X: y\nContent-Length: 5\r\n",
                              "X: y\r\n folded\r\nTransfer-Encoding: chunked\r\n"}) {
    for (const char* method : {"GET", "POST"}) {
      const std::string received = SendRaw(
          port_, std::string(method) + " /x HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n" + smuggled);
      EXPECT_THAT(received, AnyOf(StartsWith("HTTP/1.1 400 "), StartsWith("HTTP/1.1 413 ")))
          << method << ' ' << headers;
      EXPECT_THAT(received, Not(HasSubstr(" 200 "))) << "a second answer";
    }
  }
  EXPECT_THAT(paths_, IsEmpty());
}

TEST_F(HttpServerTest, AnEmptyBodyIsNone) {
  EXPECT_THAT(
      SendRaw(port_, "GET /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
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
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/1.1\r\nHost:\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(SendRaw(port_, "GET /x HTTP/9.9\r\nHost: localhost\r\n\r\n"), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(SendRaw(port_, "\x16\x03\x01 nonsense\r\n\r\n"), Not(HasSubstr(" 200 ")));
  EXPECT_THAT(paths_, IsEmpty());
}

// Fault 36.
TEST_F(HttpServerTest, AHeadThatIsTooLargeIsRefused) {
  EXPECT_THAT(
      SendRaw(port_, "GET /x HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(140'000, 'x') + "\r\n\r\n"),
      StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(SendRaw(port_, "GET /" + std::string(140'000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 414 "));
  EXPECT_EQ(Get(port_, "/y").status, 200);
}

// Fault A13.
TEST_F(HttpServerTest, AHeadWhoseBodyWasNotMadeHasNoLength) {
  const HttpAnswer answer = Request(port_, "HEAD", "/unwritten");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.headers.contains("content-length"));
  EXPECT_FALSE(answer.headers.contains("transfer-encoding"));
}

// Fault 37.
TEST_F(HttpServerTest, AForeignHostIsMisdirectedUntilAReloadAllowsIt) {
  const auto ask = [&] { return GetWith(port_, "/x", "Host: good.example\r\n").status; };
  EXPECT_EQ(ask(), 421);
  EXPECT_TRUE(server_->Reload({.tls = {}, .users = {}, .allowed_hosts = {"good.example"}}).ok());
  EXPECT_EQ(ask(), 200);
  EXPECT_EQ(GetWith(port_, "/x", "Host: evil.example\r\n").status, 421);
}

// Fault 37.
TEST_F(HttpServerTest, NoHeaderLetsAForeignPageRead) {
  const HttpAnswer answer = GetWith(port_, "/x", "Host: localhost\r\nOrigin: http://evil.example\r\n");
  EXPECT_EQ(answer.status, 200);
  EXPECT_FALSE(answer.headers.contains("access-control-allow-origin"));
  EXPECT_FALSE(answer.headers.contains("server"));
}

TEST_F(HttpServerTest, AReloadCannotSwitchTlsOnAndKeepsTheFormerPolicy) {
  const Result<void> refused =
      server_->Reload({.tls = TlsFiles{"a", "b"}, .users = {}, .allowed_hosts = {"*"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("by a restart only"));
  EXPECT_EQ(GetWith(port_, "/x", "Host: any.example\r\n").status, 421);
}

TEST_F(HttpServerTest, TwoRequestsOnOneConnectionGetTwoAnswers) {
  const std::string received = SendRaw(port_,
                                       "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                       "GET /b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(received, StartsWith("HTTP/1.1 200 "));
  EXPECT_NE(received.find("HTTP/1.1 200 ", 1), std::string::npos);
  EXPECT_THAT(paths_, ElementsAre("/a", "/b"));
}

TEST_F(HttpServerTest, AHandlerThatThrowsMakesA500AndTheServerLivesOn) {
  EXPECT_EQ(Get(port_, "/throw").status, 500);
  EXPECT_EQ(Get(port_, "/x").status, 200);
}

// Fault A7.
TEST(PromptAnswerTest, APromptAnswerDoesNotWaitForOneThatTakesLong) {
  std::promise<void> has_begun;
  std::promise<void> go_on;
  const auto handler = [&](const HttpRequest&) {
    has_begun.set_value();
    go_on.get_future().wait();
    return PlainText(200, "slow");
  };
  const auto prompt = [](const HttpRequest& request) {
    return request.path == "/prompt" ? std::optional(PlainText(200, "prompt")) : std::nullopt;
  };
  const auto server =
      std::move(HttpServer::Start(Listen({"127.0.0.1", 0}).value(), {}, {}, handler, {}, prompt).value());
  const std::uint16_t port = server->address().port;
  auto slow = std::async(std::launch::async, [port] { return Get(port, "/slow"); });
  has_begun.get_future().wait();
  EXPECT_EQ(Get(port, "/prompt").body, "prompt\n");
  go_on.set_value();
  EXPECT_EQ(slow.get().body, "slow\n");
}

// Fault A10.
TEST(DrainTest, AfterStopAcceptingTheAnswersOnTheirWayArriveAndNobodyElseIsLetIn) {
  std::promise<void> has_begun;
  std::promise<void> go_on;
  const auto server = StartOn({"127.0.0.1", 0}, [&](const HttpRequest&) {
    has_begun.set_value();
    go_on.get_future().wait();
    return PlainText(200, "slow");
  });
  const std::uint16_t port = server->address().port;
  auto slow = std::async(std::launch::async,
                         [port] { return SendRaw(port, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n"); });
  has_begun.get_future().wait();
  server->StopAccepting();
  EXPECT_FALSE(testing::Connect(port).valid());
  EXPECT_FALSE(server->Drain(std::chrono::steady_clock::now()));
  go_on.set_value();
  EXPECT_THAT(slow.get(), HasSubstr("Connection: close")) << "the client is told, and the connection ends";
  EXPECT_TRUE(server->Drain(std::chrono::steady_clock::now() + std::chrono::minutes(1)));
}

TEST(DrainTest, AServerThatIsDestroyedAnswersNobodyWhoStillWaits) {
  std::promise<void> has_begun;
  std::promise<void> go_on;
  auto server = StartOn({"127.0.0.1", 0}, [&](const HttpRequest& request) {
    if (request.path == "/first") {
      has_begun.set_value();
      go_on.get_future().wait();
    }
    return PlainText(200, "late");
  });
  const std::uint16_t port = server->address().port;
  auto first = std::async(std::launch::async, [port] { return Get(port, "/first").status; });
  has_begun.get_future().wait();
  auto second = std::async(std::launch::async, [port] { return Get(port, "/second").status; });
  auto end = std::async(std::launch::async, [&] { server.reset(); });
  go_on.set_value();
  end.get();
  EXPECT_THAT(first.get(), AnyOf(0, 200));
  EXPECT_THAT(second.get(), AnyOf(0, 200));
}

TEST_F(HttpServerTest, EveryAnswerIsObserved) {
  Get(port_, "/x");
  Get(port_, "/throw");
  Request(port_, "PUT", "/x");
  Get(port_, "/%00");
  EXPECT_THAT(statuses_, ElementsAre(200, 500, 405, 400));
}

TEST(HttpServerStopTest, ThePortIsFreeAgain) {
  const HttpHandler handler = [](const HttpRequest&) { return HttpResponse{200, "", ""}; };
  auto server = StartOn({"127.0.0.1", 0}, handler);
  const std::uint16_t port = server->address().port;
  server.reset();
  EXPECT_EQ(Get(port, "/").status, 0);
  EXPECT_EQ(StartOn({"127.0.0.1", port}, handler)->address().port, port);
}

TEST(HttpServerStopTest, AUnixSocketIsServedForAnyHostAndIsGoneAfterwards) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "http";
  auto server = StartOn({.unix_path = path}, [](const HttpRequest& request) {
    return HttpResponse{200, "text/plain", std::string(request.path)};
  });
  EXPECT_EQ(Get(path, "/x").body, "/x");
  EXPECT_THAT(SendRaw(path, "GET /x HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
  server.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace shmetrics::agent
