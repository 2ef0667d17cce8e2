#include "agent/config/reload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <new>
#include <string>

#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ReloadTest : public ::testing::Test {
 protected:
  ReloadTest() {
    StartLog(LogLevel::kInfo, LogFormat::kLogfmt);
    Write("");
    options_.config_file = path_;
  }

  void Write(const std::string& text) { std::ofstream(path_) << text; }

  Config Read() { return ReadConfig(options_.config_file, options_.flags).value(); }

  /// Reloads and returns what is logged.
  std::string Run(Reload* reload, const Result<void>& applied = {}) {
    ::testing::internal::CaptureStderr();
    reload->Run([&](const Config& config) {
      levels_.push_back(config.log_level);
      return applied;
    });
    return ::testing::internal::GetCapturedStderr();
  }

  shmetrics::testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "agent.ini";
  Options options_;
  ReloadStats stats_;
  std::vector<LogLevel> levels_;  ///< the levels of the configurations that were applied
};

TEST_F(ReloadTest, AGoodConfigurationIsAppliedAndInForce) {
  Reload reload(options_, Read(), &stats_);
  stats_.success_unix_seconds = 0;
  Write("[log]\nlevel = warn\n");
  EXPECT_THAT(Run(&reload), HasSubstr("the configuration has been read again"));
  EXPECT_THAT(levels_, ElementsAre(LogLevel::kWarn));
  EXPECT_EQ(reload.config().log_level, LogLevel::kWarn);
  EXPECT_TRUE(stats_.successful);
  EXPECT_GT(stats_.success_unix_seconds, 0);
}

TEST_F(ReloadTest, ABadConfigurationIsLoggedInOneLineAndTheOldOneStays) {
  Reload reload(options_, Read(), &stats_);
  stats_.success_unix_seconds = 7;
  Write("[log]\nlevel = loud\n");
  const std::string log = Run(&reload);
  EXPECT_THAT(log, HasSubstr("level=error msg=\"the configuration stays as it was: " + path_ +
                             ": line 2: [log] level: 'loud'"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 1);
  EXPECT_THAT(levels_, IsEmpty());
  EXPECT_FALSE(stats_.successful);
  EXPECT_EQ(stats_.success_unix_seconds, 7);
  Write("");
  Run(&reload);
  EXPECT_TRUE(stats_.successful);
}

TEST_F(ReloadTest, AConfigurationThatCannotBeAppliedIsNotInForce) {
  Reload reload(options_, Read(), &stats_);
  Write("[log]\nlevel = warn\n");
  EXPECT_THAT(Run(&reload, Error{ErrorCode::kBadOption, "the key is of another certificate"}),
              HasSubstr("the configuration stays as it was: the key is of another certificate"));
  EXPECT_EQ(reload.config().log_level, LogLevel::kInfo);
  EXPECT_FALSE(stats_.successful);
  EXPECT_THROW(reload.Run([](const Config&) -> Result<void> { throw std::bad_alloc(); }), std::bad_alloc);
  EXPECT_FALSE(stats_.successful);
}

// Fault A1.
TEST_F(ReloadTest, WhatOpensWhatWasClosedIsLoggedInOneLineAndTheOldOneStays) {
  Write("[web]\nallowed_hosts = a.example\n[log]\nlevel = info\n");
  Reload reload(options_, Read(), &stats_);
  Write("[web]\nallowed_hosts = *\n[log]\nlevel = warn\n");
  const std::string log = Run(&reload);
  EXPECT_THAT(log,
              HasSubstr("level=error msg=\"the configuration stays as it was: only a restart opens what was "
                        "closed: [web] allowed_hosts: * is new"));
  EXPECT_EQ(std::ranges::count(log, '\n'), 1);
  EXPECT_THAT(levels_, IsEmpty()) << "nothing of it was applied";
  EXPECT_FALSE(stats_.successful);
  Write("[web]\nallowed_hosts = A.example:80\n");
  Run(&reload);
  EXPECT_TRUE(stats_.successful);
}

// Fault A1.
TEST_F(ReloadTest, AFileCutAfterAnyByteOpensNothing) {
  const std::string whole =
      "[web]\nallowed_hosts = a.example, b.example\n[Audio-Quota]\nhash_user_id = true\n"
      "hash_user_id_key = 0123456789abcdef\n[web.users]\n"
      "alice = $2y$05$abcdefghijklmnopqrstuuOFGCvsNOmhJGLaaOWAZaKwvvxBs3Nhm\n"
      "bob = $2y$05$abcdefghijklmnopqrstuuOFGCvsNOmhJGLaaOWAZaKwvvxBs3Nhm\n";
  Write(whole);
  Reload reload(options_, Read(), &stats_);
  for (std::size_t size = 0; size < whole.size(); size++) {
    Write(whole.substr(0, size));
    Run(&reload);
    EXPECT_FALSE(reload.config().http_policy.users.empty()) << size;
    EXPECT_TRUE(reload.config().audio.hash_user_id) << size;
    EXPECT_EQ(reload.config().http_policy.allowed_hosts.size(), 2U) << size;
  }
  Write(whole);
  Run(&reload);
  EXPECT_TRUE(stats_.successful);
}

TEST_F(ReloadTest, FlagsStillWinOverTheFile) {
  options_.flags.keys = {"[log] level"};
  options_.flags.values.log_level = LogLevel::kDebug;
  Reload reload(options_, Read(), &stats_);
  Write("[log]\nlevel = warn\n");
  Run(&reload);
  EXPECT_EQ(reload.config().log_level, LogLevel::kDebug);
}

TEST_F(ReloadTest, SettingsThatNeedARestartAreNamedAtEachReload) {
  Reload reload(options_, Read(), &stats_);
  Write("[web]\ntelemetry_path = /m\n[log]\nlevel = warn\n");
  const std::string named = "these settings change only after a restart: [web] telemetry_path";
  EXPECT_THAT(Run(&reload), HasSubstr(named));
  EXPECT_EQ(reload.config().telemetry_path, "/metrics");
  EXPECT_EQ(reload.config().log_level, LogLevel::kWarn);
  EXPECT_THAT(Run(&reload), HasSubstr(named));
  Write("[log]\nlevel = warn\n");
  EXPECT_THAT(Run(&reload), Not(HasSubstr(named)));
}

}  // namespace
}  // namespace shmetrics::agent
