// Fault A1. SIGHUP to a running agent: a reload tightens and exchanges. What would open a door is refused in
// one line, the metric says so, and the door stays closed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/certificate.h"
#include "tests/support/http_client.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::GetWith;
using ::testing::HasSubstr;
using testing::Program;

// Of the password "secret".
constexpr const char* kUsers =
    "[web.users]\nprom = $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n";
constexpr const char* kPassword = "Authorization: Basic cHJvbTpzZWNyZXQ=\r\n";  // prom:secret
constexpr const char* kRefused = "the configuration stays as it was: ";
constexpr const char* kAccepted = "the configuration has been read again";

class ClosedDoorsTest : public ::testing::Test {
 protected:
  void Write(const std::string& text) const {
    const std::string next = ini_ + ".next";
    std::ofstream(next) << text;
    std::filesystem::permissions(next, std::filesystem::perms(0600));
    std::filesystem::rename(next, ini_);
  }
  static int StatusOf(const Agent& agent, const std::string& headers = "", const char* host = "localhost") {
    return GetWith(agent.port(), "/metrics", "Host: " + std::string(host) + "\r\n" + headers).status;
  }
  static std::string MetricsOf(const Agent& agent) {
    return GetWith(agent.port(), "/metrics", "Host: localhost\r\n" + std::string(kPassword)).body;
  }
  /// Lets the agent read again and returns what it says of it.
  static std::string Reload(Agent* agent, const char* expected) {
    agent->process().Signal(SIGHUP);
    return agent->process().WaitForText(expected).value_or("nothing");
  }

  const testing::PrivateFolder folder_;
  const std::string ini_ = folder_ / "agent.ini";
  const std::string segment_ = folder_ / "segment";
};

TEST_F(ClosedDoorsTest, WhateverBecomesOfTheFileTheUsersStay) {
  const struct {
    const char* what;
    std::function<void()> change;
    const char* said;
  } cases[] = {
      {"gone", [&] { std::filesystem::remove(ini_); }, "could not be opened: No such file"},
      {"empty", [&] { Write(""); }, "the last user is gone"},
      {"comments only", [&] { Write("# nothing here\n"); }, "the last user is gone"},
      {"cut before the users", [&] { Write("[log]\nlevel = info\n[web."); }, "line 3: is neither"},
      {"cut behind the section", [&] { Write("[log]\nlevel = info\n[web.users]\n"); },
       "[web.users] has no user"},
      {"cut within the hash", [&] { Write(std::string(kUsers).substr(0, 60)); }, "prom: not a bcrypt hash"},
      {"another section", [&] { Write("[log]\nlevel = info\n"); }, "the last user is gone"},
      {"misspelt", [&] { Write("[web.user]\nprom = x\n"); }, "[web.user] prom: no such key"},
      {"a folder", [&] { std::filesystem::remove(ini_), std::filesystem::create_directory(ini_); },
       "is a folder and not a file"},
  };
  for (const auto& [what, change, said] : cases) {
    std::error_code ignored;
    std::filesystem::remove(ini_, ignored);
    Write(kUsers);
    Agent agent(SHMETRICS_AGENT, segment_, 0, {"--config.file", ini_});
    EXPECT_EQ(StatusOf(agent), 401) << what;
    change();
    EXPECT_THAT(Reload(&agent, kRefused), HasSubstr(said)) << what;
    EXPECT_EQ(StatusOf(agent), 401) << what;
    EXPECT_EQ(StatusOf(agent, kPassword), 200) << what;
    EXPECT_THAT(MetricsOf(agent), HasSubstr("\nshmetrics_config_last_reload_successful 0\n")) << what;
  }
}

TEST_F(ClosedDoorsTest, UsersAndPasswordsAreExchangedAndOneIsTakenAway) {
  const std::string two =
      kUsers + std::string("more = $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n");
  Write(two);
  Agent agent(SHMETRICS_AGENT, segment_, 0, {"--config.file", ini_});
  EXPECT_EQ(StatusOf(agent, kPassword), 200);
  Write("[web.users]\nmore = $2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n");
  Reload(&agent, kAccepted);
  EXPECT_EQ(StatusOf(agent, kPassword), 401);
  EXPECT_EQ(StatusOf(agent, "Authorization: Basic bW9yZTpzZWNyZXQ=\r\n"), 200);
}

TEST_F(ClosedDoorsTest, HostsAddressesAndOwnersAreNotAdded) {
  const std::string closed = "[web]\nallowed_hosts = one.example\n";
  for (const char* opened :
       {"[web]\nallowed_hosts = *\n", "[web]\nallowed_hosts = one.example, two.example\n",
        "[web]\ntrusted_proxies = 127.0.0.1\n", "[segment]\ntrusted_owner = 12345\n"}) {
    Write(closed);
    Agent agent(SHMETRICS_AGENT, segment_, 0, {"--config.file", ini_});
    Write(opened);
    EXPECT_THAT(Reload(&agent, kRefused), HasSubstr("only a restart opens what was closed")) << opened;
    EXPECT_EQ(StatusOf(agent, "", "two.example"), 421);
    EXPECT_EQ(StatusOf(agent, "", "one.example"), 200);
  }
}

TEST_F(ClosedDoorsTest, TlsIsNotTurnedOffAndItsKeyNotExchangedForSomethingElse) {
  testing::MakeCertificate(folder_ / "certificate.pem", folder_ / "key.pem", "agent");
  const std::string tls = "[web]\ntls_certificate = " + (folder_ / "certificate.pem") + "\ntls_key = ";
  const std::string good = tls + (folder_ / "key.pem") + "\n";
  std::ofstream(folder_ / "no-key.pem") << "-----BEGIN PRIVATE KEY-----\n";
  for (const std::string& next : {std::string("[log]\nlevel = info\n"), tls + (folder_ / "no-key.pem") + "\n",
                                  tls + (folder_ / "absent.pem") + "\n", tls + folder_.path() + "\n",
                                  good.substr(0, good.find("tls_key")), good.substr(0, good.size() - 3)}) {
    Write(good);
    Agent agent(SHMETRICS_AGENT, segment_, 0, {"--config.file", ini_});
    Write(next);
    EXPECT_NE(Reload(&agent, kRefused), "nothing") << next;
    EXPECT_EQ(StatusOf(agent), 0) << "plain HTTP: " << next;
    const std::string url = "https://127.0.0.1:" + std::to_string(agent.port()) + "/-/healthy";
    const testing::Ended got =
        testing::RunProgram({"curl", "-sS", "--cacert", folder_ / "certificate.pem", url});
    EXPECT_EQ(got.code, 0) << got.errors;
  }
}

// The usual file is not named by anybody, so a reload that does not find it could take that for none.
TEST_F(ClosedDoorsTest, TheUsualFileThatIsGoneIsMissed) {
  if (!testing::CanMount(folder_.path())) GTEST_SKIP() << "this user may not mount";
  std::ofstream(ini_) << kUsers;
  Program agent(
      {"unshare", "-m", "sh", "-c",
       "mount -t tmpfs none /etc && mkdir /etc/shmetrics && cp \"$1\" /etc/shmetrics/shmetrics.ini && "
       "exec \"$2\" --segment.path \"$3\" --web.listen-address 127.0.0.1:0",
       "sh", ini_, SHMETRICS_AGENT, segment_});
  const auto port = agent.WaitForText(" on 127.0.0.1:");
  ASSERT_TRUE(port) << agent.errors();
  const auto number = static_cast<std::uint16_t>(std::stoi(*port));
  EXPECT_EQ(testing::Get(number, "/metrics").status, 401);
  std::filesystem::remove("/proc/" + std::to_string(agent.pid()) + "/root/etc/shmetrics/shmetrics.ini");
  agent.Signal(SIGHUP);
  EXPECT_THAT(agent.WaitForText(kRefused).value_or(agent.errors()), HasSubstr("was there and is gone"));
  EXPECT_EQ(testing::Get(number, "/metrics").status, 401);
}

}  // namespace
}  // namespace shmetrics
