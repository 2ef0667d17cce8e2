// Fault A1: a reload tightens and exchanges, and opens nothing.

#include "agent/config/loosening.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;

class LooseningTest : public ::testing::Test {
 protected:
  LooseningTest() {
    running_.file = SourceFile{"/etc/x.ini"};
    running_.listen_addresses = {{"127.0.0.1", 8000}};
    running_.http_policy.users = {{"a", "hash a"}, {"b", "hash b"}};
    running_.http_policy.tls = TlsFiles{"certificate", "key"};
    running_.http_policy.allowed_hosts = {"one.example", "two.example:443"};
    running_.http_policy.trusted_proxies = {*ParseAddressRange("10.0.0.0/8")};
    running_.audio.hash_user_id = true;
  }

  /// What is said of the running configuration after `change`; empty if it is accepted.
  std::string Of(const std::function<void(Config*)>& change) const {
    Config next = running_;
    change(&next);
    const Result<void> refused = RefuseLoosening(running_, next);
    return refused.ok() ? "" : refused.error().message;
  }

  Config running_;
};

TEST_F(LooseningTest, WhatOpensIsRefusedAndNamed) {
  EXPECT_THAT(Of([](Config* next) { next->http_policy.users.clear(); }),
              HasSubstr("only a restart opens what was closed: [web.users]: the last user is gone"));
  EXPECT_THAT(Of([](Config* next) { next->http_policy.tls.reset(); }), HasSubstr("TLS would be off"));
  for (const char* host : {"*", "three.example", "two.example", "two.example:80", "one.example.evil"}) {
    EXPECT_THAT(Of([&](Config* next) { next->http_policy.allowed_hosts.emplace_back(host); }),
                HasSubstr("[web] allowed_hosts: " + std::string(host) + " is new"));
  }
  EXPECT_THAT(Of([](Config* next) { next->http_policy.trusted_proxies = {*ParseAddressRange("::/0")}; }),
              HasSubstr("[web] trusted_proxies: ::/0 is new"));
  for (const ListenAddress& address :
       {ListenAddress{"", 8000}, ListenAddress{"0.0.0.0", 8000}, ListenAddress{"192.0.2.1", 8000}}) {
    EXPECT_THAT(Of([&](Config* next) { next->listen_addresses = {address}; }),
                HasSubstr("beyond the loopback"));
  }
  EXPECT_THAT(Of([](Config* next) { next->trusted_owner = 5; }), HasSubstr("[segment] trusted_owner"));
  EXPECT_THAT(Of([](Config* next) { next->audio.hash_user_id = false; }),
              HasSubstr("user ids would be shown"));
}

TEST_F(LooseningTest, AFileThatCannotSayWhatItNoLongerHoldsIsRefused) {
  EXPECT_THAT(Of([](Config* next) { next->file.reset(); }), HasSubstr("/etc/x.ini was there and is gone"));
  EXPECT_THAT(Of([](Config* next) { next->file->is_empty = true; }), HasSubstr("has become empty"));
  EXPECT_THAT(Of([](Config* next) { next->file->ends_within_a_line = true; }),
              HasSubstr("ends within a line"));
  running_.file->is_empty = true;
  running_.file->ends_within_a_line = true;
  EXPECT_EQ(Of([](Config*) {}), "") << "it was so at the start";
  running_.file.reset();
  EXPECT_EQ(Of([](Config* next) { next->file = SourceFile{"/etc/x.ini", true}; }), "") << "there was none";
}

TEST_F(LooseningTest, EverythingThatOpensIsInOneLine) {
  const std::string said = Of([](Config* next) { *next = Config(); });
  for (const char* part : {"x.ini was there", "the last user", "TLS would be off", "user ids"}) {
    EXPECT_THAT(said, HasSubstr(part));
  }
  EXPECT_EQ(said.find('\n'), std::string::npos);
}

TEST_F(LooseningTest, WhatTightensOrExchangesIsAccepted) {
  EXPECT_EQ(Of([](Config* next) { next->http_policy.users = {{"c", "hash c"}}; }), "");
  EXPECT_EQ(Of([](Config* next) { next->http_policy.tls = TlsFiles{"other", "files"}; }), "");
  EXPECT_EQ(Of([](Config* next) { next->http_policy.allowed_hosts = {"ONE.example:80"}; }), "");
  EXPECT_EQ(Of([](Config* next) { next->http_policy.allowed_hosts.clear(); }), "");
  EXPECT_EQ(Of([](Config* next) { next->http_policy.trusted_proxies = {*ParseAddressRange("10.1.0.0/16")}; }),
            "");
  EXPECT_EQ(Of([](Config* next) { next->listen_addresses = {{"::1", 1}, {.unix_path = "/s"}}; }), "");
  EXPECT_EQ(Of([](Config* next) { next->trusted_owner = static_cast<uid_t>(-1); }), "");
  EXPECT_EQ(Of([](Config* next) {
              next->telemetry_path = "/m";
              next->http_limits = {1000, std::chrono::hours(1)};
              next->audio.limits = {};
            }),
            "")
      << "not what lets anybody in";
  running_.http_policy.allowed_hosts = {"*"};
  EXPECT_EQ(Of([](Config* next) { next->http_policy.allowed_hosts = {"any.example"}; }), "");
}

}  // namespace
}  // namespace shmetrics::agent
