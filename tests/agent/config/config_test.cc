#include "agent/config/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr const char* kUser =
    "[web.users]\nalice = $2y$05$abcdefghijklmnopqrstuuOFGCvsNOmhJGLaaOWAZaKwvvxBs3Nhm\n";

class ConfigTest : public ::testing::Test {
 protected:
  Result<Config> Read(const std::string& text, const PartialConfig& flags = {}) {
    std::ofstream(path_) << text;
    return ReadConfig(path_, flags);
  }

  shmetrics::testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "agent.ini";
};

TEST_F(ConfigTest, AnEmptyFileLeavesTheDefaults) {
  setenv("SHMETRICS_SEGMENT", "/from/environment", 1);
  const auto config = Read("");
  unsetenv("SHMETRICS_SEGMENT");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->segment_path, "/from/environment");
  EXPECT_THAT(config->listen_addresses, IsEmpty());
  EXPECT_EQ(config->telemetry_path, "/metrics");
  EXPECT_FALSE(config->disable_exporter_metrics || config->openmetrics_created);
  EXPECT_EQ(config->http_limits, HttpLimits());
  EXPECT_EQ(config->http_policy, HttpPolicy());
  EXPECT_EQ(config->log_level, LogLevel::kInfo);
  EXPECT_EQ(config->log_format, LogFormat::kLogfmt);
}

TEST_F(ConfigTest, FlagsWinOverTheFileAndTheFileWinsOverTheDefaults) {
  PartialConfig flags;
  flags.keys = {"[log] level"};
  flags.values.log_level = LogLevel::kDebug;
  const auto config = Read(
      "[log]\nlevel = error\nformat = json\n[web]\nmax_connections = 7\nrequest_deadline_seconds = 8\n"
      "allowed_hosts = a\n[Audio-Quota]\nfree_concurrent_jobs = 9\n",
      flags);
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_EQ(config->log_level, LogLevel::kDebug);
  EXPECT_EQ(config->log_format, LogFormat::kJson);
  EXPECT_EQ(config->http_limits.max_connections, 7U);
  EXPECT_EQ(config->http_limits.deadline, std::chrono::seconds(8));
  EXPECT_THAT(config->http_policy.allowed_hosts, ElementsAre("a"));
  EXPECT_EQ(config->audio.limits[0].concurrent_jobs, 9);
}

// Fault A13.
TEST_F(ConfigTest, AllowedHostsComeFromFlagsElseTheEnvironmentElseTheFile) {
  const std::string file = "[web]\nallowed_hosts = of.file\n";
  setenv("SHMETRICS_ALLOWED_HOSTS", "of.environment, another", 1);
  const auto config = Read(file);
  PartialConfig flags;
  flags.keys = {"[web] allowed_hosts"};
  flags.values.http_policy.allowed_hosts = {"of.flag"};
  const auto with_flag = Read(file, flags);
  setenv("SHMETRICS_ALLOWED_HOSTS", "http://of.environment", 1);
  const auto refused = Read(file);
  unsetenv("SHMETRICS_ALLOWED_HOSTS");
  ASSERT_TRUE(config.ok()) << config.error().message;
  EXPECT_THAT(config->http_policy.allowed_hosts, ElementsAre("of.environment", "another"));
  ASSERT_TRUE(with_flag.ok()) << with_flag.error().message;
  EXPECT_THAT(with_flag->http_policy.allowed_hosts, ElementsAre("of.flag"));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message,
              StartsWith("$SHMETRICS_ALLOWED_HOSTS: 'http://of.environment' is not a list"));
}

TEST_F(ConfigTest, AFileNamedByTheFlagWinsOverOneNamedByTheEnvironment) {
  const std::string other = folder_ / "other.ini";
  std::ofstream(other) << "[log]\nlevel = error\n";
  setenv("SHMETRICS_CONFIG", other.c_str(), 1);
  EXPECT_EQ(Read("[log]\nlevel = debug\n")->log_level, LogLevel::kDebug);
  EXPECT_EQ(ReadConfig(std::nullopt, {})->log_level, LogLevel::kError);
  unsetenv("SHMETRICS_CONFIG");
}

TEST_F(ConfigTest, AnErrorIsOneLineThatNamesFileAndKey) {
  const std::string certificate = folder_ / "certificate";
  std::ofstream(certificate) << "-----BEGIN CERTIFICATE-----\n";
  const struct {
    std::string text;
    std::string named;
  } cases[] = {
      {"[web]\nmax_connections = 0\n", "line 2: [web] max_connections: '0'"},
      {"[web]\ntls_certificate = " + certificate + "\n", "[web] tls_key: missing"},
      {"[web]\ntls_key = /none\n", "line 2: [web] tls_key: '/none' could not be opened"},
      {"[Audio-Quota]\nfree_daily_minutes = lots\n", "line 2: [Audio-Quota] free_daily_minutes: 'lots'"},
  };
  for (const auto& [text, named] : cases) {
    const auto config = Read(text);
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_THAT(config.error().message, HasSubstr(path_ + ": " + named));
    EXPECT_EQ(config.error().message.find('\n'), std::string::npos);
  }
}

TEST_F(ConfigTest, HashesThatEverybodyCanReadAreAWarning) {
  std::ofstream(path_) << "";
  std::filesystem::permissions(path_, std::filesystem::perms(0644));
  EXPECT_THAT(Read(kUser)->warnings, ElementsAre(HasSubstr(path_ + ": [web.users]")));
  EXPECT_THAT(Read("")->warnings, IsEmpty());
  std::filesystem::permissions(path_, std::filesystem::perms(0640));
  EXPECT_THAT(Read(kUser)->warnings, IsEmpty());
}

TEST_F(ConfigTest, AnErrorInTheEnvironmentIsAWarning) {
  setenv("AUDIO_JOB_TTL_SECONDS", "soon", 1);
  const auto config = Read("");
  unsetenv("AUDIO_JOB_TTL_SECONDS");
  EXPECT_THAT(config->warnings, ElementsAre(HasSubstr("AUDIO_JOB_TTL_SECONDS")));
}

TEST_F(ConfigTest, FillingKeepsTheSettingsThatASourceGives) {
  PartialConfig flags;
  flags.keys = {"[log] level", "[web] disable_exporter_metrics"};
  flags.values.log_level = LogLevel::kDebug;
  PartialConfig file;
  file.keys = {"[log] level", "[web] disable_exporter_metrics", "[web] listen_address",
               "[web] telemetry_path"};
  file.values.log_level = LogLevel::kError;
  file.values.disable_exporter_metrics = true;
  file.values.listen_addresses = {{"", 1}};
  file.values.telemetry_path = "/m";
  flags.FillFrom(file);
  EXPECT_EQ(flags.keys, file.keys);
  EXPECT_EQ(flags.values.log_level, LogLevel::kDebug);
  EXPECT_FALSE(flags.values.disable_exporter_metrics);
  EXPECT_EQ(flags.values.telemetry_path, "/m");
  EXPECT_THAT(flags.values.listen_addresses, ElementsAre(ListenAddress{"", 1}));
  file.values.listen_addresses = {{"", 2}};
  flags.FillFrom(file);
  EXPECT_THAT(flags.values.listen_addresses, ElementsAre(ListenAddress{"", 1}));
}

TEST_F(ConfigTest, ASettingThatNeedsARestartKeepsItsValue) {
  const Config running = Read("[web]\nmax_connections = 5\n[Audio-Quota]\nstate_file = /a\n").value();
  const Config next = Read(
                          "[web]\nmax_connections = 6\nallowed_hosts = a\n[log]\nlevel = debug\n"
                          "[Audio-Quota]\nstate_file = /b\n")
                          .value();
  const Config kept = WithoutKeysThatNeedRestart(running, next);
  EXPECT_THAT(KeysThatNeedRestart(running, kept), IsEmpty());
  EXPECT_EQ(kept.http_limits.max_connections, 5U);
  EXPECT_EQ(kept.audio.state_file, "/a");
  EXPECT_EQ(kept.log_level, LogLevel::kDebug);
  EXPECT_THAT(kept.http_policy.allowed_hosts, ElementsAre("a"));
}

TEST_F(ConfigTest, TurningTlsOnNeedsARestartAndExchangingItsFilesDoesNot) {
  const Config off = Read("").value();
  Config on = off;
  on.http_policy.tls = TlsFiles{"a", "b"};
  EXPECT_THAT(KeysThatNeedRestart(off, on), ElementsAre("[web] tls_certificate"));
  EXPECT_THAT(KeysThatNeedRestart(on, off), ElementsAre("[web] tls_certificate"));
  EXPECT_FALSE(WithoutKeysThatNeedRestart(off, on).http_policy.tls);
  Config other = off;
  other.http_policy.tls = TlsFiles{"c", "d"};
  EXPECT_THAT(KeysThatNeedRestart(on, other), IsEmpty());
  EXPECT_EQ(WithoutKeysThatNeedRestart(on, other).http_policy.tls, other.http_policy.tls);
}

TEST_F(ConfigTest, OnlySettingsThatAReloadCannotChangeNeedARestart) {
  const Config running = Read("").value();
  EXPECT_THAT(KeysThatNeedRestart(running, running), IsEmpty());
  EXPECT_THAT(
      KeysThatNeedRestart(running, Read("[log]\nlevel = debug\nformat = json\n[web]\nallowed_hosts = a\n"
                                        "[Audio-Quota]\nmodels = a\n" +
                                        std::string(kUser))
                                       .value()),
      IsEmpty());
  EXPECT_THAT(
      KeysThatNeedRestart(running, Read("[segment]\npath = /a\ntrusted_owner = 5\n"
                                        "[web]\nlisten_address = :1\ntelemetry_path = /m\n"
                                        "disable_exporter_metrics = true\nopenmetrics_created = true\n"
                                        "max_connections = 5\nrequest_deadline_seconds = 5\n"
                                        "[Audio-Quota]\nstate_file = /b\n")
                                       .value()),
      ElementsAre("[segment] path", "[segment] trusted_owner", "[web] listen_address", "[web] telemetry_path",
                  "[web] disable_exporter_metrics", "[web] openmetrics_created", "[web] max_connections",
                  "[web] request_deadline_seconds", "[Audio-Quota] state_file"));
}

}  // namespace
}  // namespace shmetrics::agent
