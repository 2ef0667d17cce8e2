#include "agent/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

const Setting& Find(const std::string& key) {
  const auto found = std::ranges::find(AllSettings(), key, &Setting::key);
  EXPECT_NE(found, AllSettings().end()) << key;
  return *found;
}

Result<void> Set(const std::string& key, const std::string& text) {
  PartialConfig settings;
  return Find(key).Set(text, &settings);
}

void ExpectRefused(const std::string& key, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const Result<void> set = Set(key, value);
    ASSERT_FALSE(set.ok()) << key << " = " << value;
    EXPECT_THAT(set.error().message, HasSubstr('\'' + value + "' is not")) << key;
  }
}

TEST(SettingsTest, EveryRowHasKeyDefaultAndHelpAndNamesNothingTwice) {
  for (const Setting& setting : AllSettings()) {
    EXPECT_EQ(std::ranges::count(AllSettings(), setting.key, &Setting::key), 1) << setting.key;
    EXPECT_THAT(std::string(setting.key), MatchesRegex("\\[[a-z.]+\\] [a-z_]+"));
    EXPECT_NE(setting.default_value.empty(), setting.default_in_words.empty()) << setting.key;
    EXPECT_FALSE(setting.help.empty()) << setting.key;
    EXPECT_FALSE(setting.expected.empty()) << setting.key;
    if (setting.flag.empty()) continue;
    EXPECT_THAT(std::string(setting.flag), StartsWith("--"));
    EXPECT_EQ(std::ranges::count(AllSettings(), setting.flag, &Setting::flag), 1) << setting.flag;
    EXPECT_EQ(setting.value.empty(), setting.kind == Setting::Kind::kSwitch) << setting.flag;
  }
}

TEST(SettingsTest, OnlyAGoodValueCounts) {
  PartialConfig settings;
  EXPECT_FALSE(Find("[log] level").Set("loud", &settings).ok());
  EXPECT_FALSE(settings.Gives("[log] level"));
  EXPECT_TRUE(Find("[log] level").Set("debug", &settings).ok());
  EXPECT_TRUE(settings.Gives("[log] level"));
}

TEST(SettingsTest, ARangeIsNamedInItsError) {
  EXPECT_EQ(Set("[web] max_connections", "0").error().message,
            "'0' is not a number of connections, 1 to 1024");
  EXPECT_EQ(Set("[web] request_deadline_seconds", "0").error().message,
            "'0' is not a number of seconds, 1 to 3600");
}

TEST(SettingsTest, OutOfRangeNumbersAndWrongWordsAreNamed) {
  ExpectRefused("[web] max_connections", {"0", "1025", "-1", "many", "", "1 "});
  ExpectRefused("[web] request_deadline_seconds", {"0", "3601", "1.5", "30s"});
  ExpectRefused("[web] disable_exporter_metrics", {"yes", "1", "", "True"});
  ExpectRefused("[web] openmetrics_created", {"on"});
  ExpectRefused("[log] level", {"loud", "Info"});
  ExpectRefused("[log] format", {"xml"});
  ExpectRefused("[segment] trusted_owner", {"nobody here"});
}

TEST(SettingsTest, ATelemetryPathIsPlainAndNotAnothersPath) {
  for (const char* path : {"/metrics", "/m", "/a/b.c-d_e~f", "/apiary", "/metrics/"}) {
    EXPECT_TRUE(Set("[web] telemetry_path", path).ok()) << path;
  }
  ExpectRefused("[web] telemetry_path", {"", "/", "metrics", "/api/v1/metrics", "/-/ready", "/page/page.js",
                                         "/a b", "/a?b", "/a#b", "/%2e", "/\xc3\xa4"});
}

TEST(SettingsTest, CommasDivideAddressesAndNoneMayBeRepeated) {
  PartialConfig settings;
  ASSERT_TRUE(Find("[web] listen_address").Set("127.0.0.1:1 ,\t[::1]:2,:0,:0", &settings).ok());
  EXPECT_THAT(settings.values.listen_addresses,
              ElementsAre(ListenAddress{"127.0.0.1", 1}, ListenAddress{"::1", 2}, ListenAddress{"", 0},
                          ListenAddress{"", 0}));
  EXPECT_THAT(Set("[web] listen_address", ":1, :1").error().message, HasSubstr("':1' is said twice"));
  for (const char* text : {"", ",", ":1,", "127.0.0.1"}) {
    EXPECT_FALSE(Set("[web] listen_address", text).ok()) << text;
  }
}

TEST(SettingsTest, AllowedHostsAreNamesOrEverything) {
  PartialConfig settings;
  ASSERT_TRUE(Find("[web] allowed_hosts").Set("metrics.example, *", &settings).ok());
  EXPECT_THAT(settings.values.http_policy.allowed_hosts, ElementsAre("metrics.example", "*"));
  ASSERT_TRUE(Find("[web] allowed_hosts").Set("more.example", &settings).ok());
  EXPECT_THAT(settings.values.http_policy.allowed_hosts, ElementsAre("metrics.example", "*", "more.example"));
  ExpectRefused("[web] allowed_hosts", {"", "a,,b", "http://a", "a b"});
}

TEST(SettingsTest, TlsFilesMustBePemOfTheRightKind) {
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "certificate") << "-----BEGIN CERTIFICATE-----\n";
  std::ofstream(folder / "key") << "-----BEGIN EC PRIVATE KEY-----\n";
  EXPECT_TRUE(Set("[web] tls_certificate", folder / "certificate").ok());
  EXPECT_TRUE(Set("[web] tls_key", folder / "key").ok());
  ExpectRefused("[web] tls_certificate", {folder / "key"});
  ExpectRefused("[web] tls_key", {folder / "certificate"});
  EXPECT_THAT(Set("[web] tls_key", folder / "none").error().message, HasSubstr("none' could not be opened"));
}

TEST(SettingsTest, AUserHasANameAndABcryptHash) {
  const std::string hash = "$2y$05$abcdefghijklmnopqrstuuOFGCvsNOmhJGLaaOWAZaKwvvxBs3Nhm";
  PartialConfig settings;
  EXPECT_TRUE(AddWebUser("alice", hash, &settings).ok());
  EXPECT_THAT(settings.values.http_policy.users, ElementsAre(WebUser{"alice", hash}));
  EXPECT_FALSE(AddWebUser("", hash, &settings).ok());
  for (const std::string& bad :
       {std::string("secret"), std::string(), hash.substr(1), hash + "x", "$1$" + hash.substr(3),
        "$2y$99" + hash.substr(6), hash.substr(0, 59) + "!", hash.substr(0, 59) + "\n"}) {
    const Result<void> added = AddWebUser("alice", bad, &settings);
    ASSERT_FALSE(added.ok()) << bad;
    EXPECT_TRUE(bad.empty() || added.error().message.find(bad) == std::string::npos) << "discloses it";
  }
  EXPECT_EQ(settings.values.http_policy.users.size(), 1U);
}

TEST(SettingsTest, EveryDefaultIsAcceptedByItsSetting) {
  const PartialConfig defaults = DefaultSettings();
  for (const Setting& setting : AllSettings()) {
    EXPECT_EQ(defaults.Gives(setting.key), !setting.default_value.empty() || setting.find_default != nullptr)
        << setting.key;
  }
}

TEST(SettingsTest, TheReadmeHasARowForEachSetting) {
  std::ifstream readme(SHMETRICS_SOURCE_DIR "/agent/README.md");
  std::vector<std::string> rows;
  for (std::string line; std::getline(readme, line);) {
    if (line.starts_with("| ")) rows.push_back(line);
  }
  for (const Setting& setting : AllSettings()) {
    const auto names_key = [&](const std::string& row) {
      return row.find("`" + std::string(setting.key) + "`") != std::string::npos;
    };
    const auto row = std::ranges::find_if(rows, names_key);
    ASSERT_NE(row, rows.end()) << setting.key;
    EXPECT_THAT(*row,
                setting.flag.empty() ? StartsWith("| | ") : StartsWith("| `" + std::string(setting.flag)));
    EXPECT_THAT(*row, HasSubstr(std::string(setting.default_value))) << setting.key;
  }
}

}  // namespace
}  // namespace shmetrics::agent
