// The server's TLS and passwords, tested with openssl, curl and a real Prometheus.

#include <crypt.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/http/http_server.h"
#include "tests/support/certificate.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"
#include "tests/support/prometheus.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::Ended;
using shmetrics::testing::GetWith;
using shmetrics::testing::MakeCertificate;
using shmetrics::testing::PrivateFolder;
using shmetrics::testing::Prometheus;
using shmetrics::testing::RunProgram;
using shmetrics::testing::WaitUntil;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Bcrypt(const std::string& password, const std::string& cost) {
  crypt_data work{};
  return crypt_r(password.c_str(), ("$2y$" + cost + "$abcdefghijklmnopqrstuu").c_str(), &work);
}

constexpr std::size_t kLongBody = 5'000'000;

HttpResponse AnswerOverTls(const HttpRequest& request) {
  if (request.path == "/large") return {200, "text/plain", std::string(kLongBody, 'x')};
  return {200, "text/plain; version=0.0.4", "answer_to_everything 42\n"};
}

std::unique_ptr<HttpServer> StartServer(HttpPolicy policy) {
  return std::move(
      HttpServer::Start(Listen({"127.0.0.1", 0}).value(), {}, std::move(policy), AnswerOverTls).value());
}

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() { MakeCertificate(files_.certificate, files_.key, "first"); }

  void Start(std::vector<WebUser> users = {}) {
    server_ = StartServer({files_, std::move(users), {}});
    port_ = std::to_string(server_->address().port);
  }
  /// A handshake by openssl, and its output.
  Ended Handshake(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"openssl", "s_client", "-connect", "127.0.0.1:" + port_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return RunProgram(arguments);
  }
  Ended Curl(const std::string& path, const std::vector<std::string>& options = {}) const {
    std::vector<std::string> arguments = {"curl", "-sS", "--cacert", files_.certificate};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back("https://localhost:" + port_ + path);
    return RunProgram(arguments);
  }

  PrivateFolder folder_;
  const TlsFiles files_{folder_ / "certificate.pem", folder_ / "key.pem"};
  std::unique_ptr<HttpServer> server_;
  std::string port_;
};

TEST_F(TlsTest, Tls12And13AreSpokenAndNothingOlder) {
  Start();
  EXPECT_THAT(Handshake({"-tls1_3"}).output, HasSubstr("New, TLSv1.3, Cipher is TLS"));
  EXPECT_THAT(Handshake({"-tls1_2"}).output, HasSubstr("New, TLSv1.2, Cipher is ECDHE"));
  for (const char* old : {"-tls1_1", "-tls1"}) {
    const Ended ended = Handshake({old, "-cipher", "ALL:@SECLEVEL=0"});
    EXPECT_THAT(ended.output, HasSubstr("Cipher is (NONE)")) << old;
    EXPECT_THAT(ended.errors, Not(HasSubstr("no protocols available")))
        << "the server's word, not the client's";
  }
}

TEST_F(TlsTest, SmallAndLargeAnswersArriveWholeOnOneConnection) {
  Start();
  const std::string url = "https://localhost:" + port_ + "/large";
  const Ended ended = Curl("/large", {url, url, "-w", "%{num_connects} "});
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_EQ(ended.output.size(), 3 * kLongBody + std::string("1 0 0 ").size());
}

TEST_F(TlsTest, AClientWithoutTlsIsNotAnswered) {
  Start();
  EXPECT_EQ(testing::Get(server_->address().port, "/").status, 0);
  EXPECT_EQ(Curl("/").output, "answer_to_everything 42\n");
}

TEST_F(TlsTest, ARenewedCertificateIsUsedByTheNextConnection) {
  Start();
  EXPECT_THAT(Handshake({}).output, HasSubstr("subject=CN = first"));
  MakeCertificate(files_.certificate, files_.key, "second");
  EXPECT_THAT(Handshake({}).output, HasSubstr("subject=CN = second"));
}

TEST_F(TlsTest, AReloadTakesOtherFilesAndKeepsTheFormerIfTheyAreBad) {
  Start();
  const TlsFiles other{folder_ / "other.pem", folder_ / "other_key.pem"};
  EXPECT_FALSE(server_->Reload({other, {}, {}}).ok());
  EXPECT_THAT(Handshake({}).output, HasSubstr("subject=CN = first"));
  MakeCertificate(other.certificate, other.key, "other");
  EXPECT_TRUE(server_->Reload({other, {}, {}}).ok());
  EXPECT_THAT(Handshake({}).output, HasSubstr("subject=CN = other"));
}

TEST_F(TlsTest, FilesThatCannotBeUsedAreAnErrorAtTheStart) {
  const auto server = HttpServer::Start(Listen({"127.0.0.1", 0}).value(), {},
                                        {TlsFiles{files_.key, files_.certificate}, {}, {}}, AnswerOverTls);
  ASSERT_FALSE(server.ok());
  EXPECT_THAT(server.error().message, HasSubstr("cannot use the TLS certificate " + files_.key));
}

TEST_F(TlsTest, CurlIsAskedForItsPassword) {
  Start({{"scraper", Bcrypt("right", "06")}});
  EXPECT_THAT(Curl("/", {"-i"}).output, HasSubstr("401 Unauthorized"));
  EXPECT_THAT(Curl("/-/healthy", {"-i"}).output, HasSubstr("401 Unauthorized"));
  EXPECT_EQ(Curl("/", {"-u", "scraper:right"}).output, "answer_to_everything 42\n");
  EXPECT_THAT(Curl("/", {"-i", "-u", "scraper:wrong"}).output, HasSubstr("401 Unauthorized"));
}

TEST_F(TlsTest, APrometheusScrapesWithTheRightPasswordAndAuthorityOnly) {
  Start({{"scraper", Bcrypt("right", "06")}});
  const PrivateFolder elsewhere;
  MakeCertificate(elsewhere / "certificate.pem", elsewhere / "key.pem", "stranger");
  const auto job = [&](const std::string& name, const std::string& authority, const std::string& password) {
    return "  - job_name: " + name + "\n    scheme: https\n    tls_config: {ca_file: " + authority +
           "}\n    basic_auth: {username: scraper, password: " + password +
           "}\n    static_configs: [{targets: ['localhost:" + port_ + "']}]\n";
  };
  // Each with its own interval, so that the wrong password is also checked, and not only made to wait.
  const Prometheus prometheus(
      "global: {scrape_interval: 1s}\nscrape_configs:\n" + job("right", files_.certificate, "right") +
      job("wrong", files_.certificate, "wrong") + job("stranger", elsewhere / "certificate.pem", "right"));
  WaitUntil([&] { return prometheus.Query("up").size() == 3; });
  WaitUntil([&] { return prometheus.Value("up{job=\"right\"}") == 1.0; });
  EXPECT_EQ(prometheus.Value("answer_to_everything{job=\"right\"}"), 42.0);
  EXPECT_EQ(prometheus.Value("up{job=\"wrong\"}"), 0.0);
  EXPECT_EQ(prometheus.Value("up{job=\"stranger\"}"), 0.0);
}

TEST(PasswordGuessingTest, GuessesDoNotDelayAKnownScraper) {
  const std::string hash = Bcrypt("right", "10");
  const auto server = StartServer({{}, {{"scraper", hash}}, {}});
  const std::uint16_t port = server->address().port;
  const auto ask = [&](const char* credentials) {
    return GetWith(port, "/", std::string("Host: localhost\r\nAuthorization: Basic ") + credentials + "\r\n")
        .status;
  };
  constexpr const char* kRight = "c2NyYXBlcjpyaWdodA==";
  constexpr const char* kWrong = "c2NyYXBlcjp3cm9uZw==";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(ask(kRight), 200);
  const auto one_look = std::chrono::steady_clock::now() - before;

  std::atomic<bool> is_over = false;
  std::atomic<int> refused = 0;
  std::vector<std::jthread> guessers;
  for (int i = 0; i < 3; i++) {
    guessers.emplace_back([&] {
      while (!is_over) refused += ask(kWrong) == 401 ? 1 : 0;
    });
  }
  WaitUntil([&] { return refused > 3; });
  constexpr int kScrapes = 40;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < kScrapes; i++) EXPECT_EQ(ask(kRight), 200);
  const auto took = std::chrono::steady_clock::now() - began;
  is_over = true;
  // If guesses were checked in the thread that serves, each scrape would wait for at least one check.
  EXPECT_LT(took, one_look * kScrapes / 2);
}

}  // namespace
}  // namespace shmetrics::agent
