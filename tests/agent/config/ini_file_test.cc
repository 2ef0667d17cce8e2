#include "agent/config/ini_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class IniFileTest : public ::testing::Test {
 protected:
  Result<PartialConfig> Read(const std::string& text) {
    std::ofstream(path_) << text;
    return ReadIniFile(config::ReadIni(path_));
  }
  /// The error for `text`. Checks that it begins with the name of the file, and leaves that name out.
  std::string ErrorOf(const std::string& text) {
    const Result<PartialConfig> read = Read(text);
    if (read.ok()) return "accepted";
    const std::string& message = read.error().message;
    EXPECT_TRUE(message.starts_with(path_ + ": ")) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    return message.substr(path_.size() + 2);
  }

  shmetrics::testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "agent.ini";
};

TEST_F(IniFileTest, EveryKeyIsRead) {
  const auto settings = Read(
      "# of the agent\n[segment]\npath = /dev/shm/x y\n\n[web]\nlisten_address=[::1]:9000, :1\n"
      "telemetry_path = /m\ndisable_exporter_metrics = true\nopenmetrics_created = false\n"
      "allowed_hosts = a.example, b.example\nmax_connections = 9\nrequest_deadline_seconds = 5\n"
      "[log]\n  level : warn\nformat = json\n");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->values.segment_path, "/dev/shm/x y");
  EXPECT_THAT(settings->values.listen_addresses,
              ElementsAre(ListenAddress{"::1", 9000}, ListenAddress{"", 1}));
  EXPECT_EQ(settings->values.telemetry_path, "/m");
  EXPECT_TRUE(settings->values.disable_exporter_metrics);
  EXPECT_TRUE(settings->Gives("[web] openmetrics_created"));
  EXPECT_FALSE(settings->values.openmetrics_created);
  EXPECT_THAT(settings->values.http_policy.allowed_hosts, ElementsAre("a.example", "b.example"));
  EXPECT_EQ(settings->values.http_limits.max_connections, 9U);
  EXPECT_EQ(settings->values.http_limits.deadline, std::chrono::seconds(5));
  EXPECT_EQ(settings->values.log_level, LogLevel::kWarn);
  EXPECT_EQ(settings->values.log_format, LogFormat::kJson);
}

TEST_F(IniFileTest, ATrustedOwnerIsAUserByNameOrNumber) {
  EXPECT_EQ(Read("[segment]\ntrusted_owner = root\n")->values.trusted_owner, 0U);
  EXPECT_EQ(Read("[segment]\ntrusted_owner = 1234\n")->values.trusted_owner, 1234U);
  EXPECT_EQ(
      ErrorOf("[segment]\ntrusted_owner = nobody here\n"),
      "line 2: [segment] trusted_owner: 'nobody here' is not a user of this host; write a name or a number");
}

TEST_F(IniFileTest, AnEmptyFileSaysNothing) {
  const auto settings = Read("");
  ASSERT_TRUE(settings.ok());
  EXPECT_THAT(settings->keys, IsEmpty());
}

TEST_F(IniFileTest, TheWorkersSectionIsPassedOver) {
  const auto settings =
      Read("[Audio-Quota]\nfree_daily_minutes = 30\nfree_daily_minutes = 31\n[log]\nlevel = error\n");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->values.log_level, LogLevel::kError);
}

TEST_F(IniFileTest, AnUnknownKeyIsNamedWithItsLine) {
  EXPECT_THAT(ErrorOf("\n[web]\nlisten_adress = :80\n"),
              HasSubstr("line 3: [web] listen_adress: no such key"));
  EXPECT_THAT(ErrorOf("[wep]\nlisten_address = :80\n"),
              HasSubstr("line 2: [wep] listen_address: no such key"));
  EXPECT_THAT(ErrorOf("level = info\n"), HasSubstr("line 1: [] level: no such key"));
}

TEST_F(IniFileTest, AMisspeltWorkersSectionIsAnErrorThatSpellsIt) {
  for (const std::string name : {"audio-quota", "Audio_Quota", "audio quota"}) {
    EXPECT_THAT(ErrorOf("[" + name + "]\nmodels = a\n"),
                HasSubstr("line 2: [" + name + "] models: no such section; write [Audio-Quota]"));
  }
}

TEST_F(IniFileTest, ABadValueIsNamedWithItsLineAndKey) {
  EXPECT_THAT(ErrorOf("[log]\nlevel = loud\n"), HasSubstr("line 2: [log] level: 'loud' is not a log level"));
  EXPECT_THAT(ErrorOf("[web]\nlisten_address = 80\n"),
              HasSubstr("line 2: [web] listen_address: '80' is not an"));
  EXPECT_THAT(ErrorOf("[segment]\npath =\n"), HasSubstr("line 2: [segment] path: '' is not the path"));
}

TEST_F(IniFileTest, ADuplicateKeyIsRefusedAlsoInASecondSectionOfTheName) {
  EXPECT_THAT(ErrorOf("[log]\nlevel = info\n[web]\n[log]\nlevel = info\n"),
              HasSubstr("line 5: [log] level was set before"));
}

TEST_F(IniFileTest, ALineThatIsNeitherSectionNorKeyIsASyntaxError) {
  EXPECT_THAT(ErrorOf("[log]\nlevel info\n"), HasSubstr("line 2: is neither"));
  EXPECT_THAT(ErrorOf("[log\nlevel = info\n"), HasSubstr("line 1: is neither"));
}

TEST_F(IniFileTest, AnIndentedLineIsAKeyOfItsOwn) {
  EXPECT_THAT(ErrorOf("[segment]\npath = /a\n  /b\n"), HasSubstr("line 3: is neither"));
}

TEST_F(IniFileTest, ALongLineIsReadWhole) {
  const std::string path(3'000, 'x');
  const auto settings = Read("[segment]\npath = " + path + "\n");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->values.segment_path, path);
}

TEST_F(IniFileTest, AFileThatCannotBeReadIsNamed) {
  const std::string missing = folder_ / "missing.ini";
  EXPECT_EQ(ReadIniFile(config::ReadIni(missing)).error().message,
            missing + ": could not be opened: No such file or directory");
  EXPECT_THAT(ReadIniFile(config::ReadIni(folder_ / ".")).error().message,
              HasSubstr("is a folder and not a file"));
}

TEST_F(IniFileTest, UsersAreASectionOfTheirOwn) {
  const std::string hash = "$2y$05$abcdefghijklmnopqrstuuOFGCvsNOmhJGLaaOWAZaKwvvxBs3Nhm";
  const auto settings = Read("[web.users]\nalice = " + hash + "\nbob = " + hash + "\n");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_THAT(settings->values.http_policy.users, ElementsAre(WebUser{"alice", hash}, WebUser{"bob", hash}));
  EXPECT_THAT(ErrorOf("[web.users]\nalice = " + hash + "\nalice = " + hash + "\n"),
              HasSubstr("line 3: [web.users] alice was set before"));
}

// Fault A1.
TEST_F(IniFileTest, ASectionWithoutAKeyThatLooksAsIfSomethingWereSetIsRefused) {
  EXPECT_THAT(ErrorOf("[log]\nlevel = info\n[web.users]\n"), HasSubstr("line 3: [web.users] has no user"));
  EXPECT_THAT(ErrorOf("\n[web.user]\n"), HasSubstr("line 2: [web.user]: no such section"));
  EXPECT_TRUE(Read("[segment]\n[web]\n[log]\n[Audio-Quota]\n").ok());
}

TEST_F(IniFileTest, TrustedProxiesAreAddressesAndNetworks) {
  const auto settings = Read("[web]\ntrusted_proxies = 10.0.0.0/8, ::1\n");
  ASSERT_TRUE(settings.ok()) << settings.error().message;
  EXPECT_EQ(settings->values.http_policy.trusted_proxies.size(), 2U);
  EXPECT_THAT(ErrorOf("[web]\ntrusted_proxies = proxy.example\n"),
              HasSubstr("line 2: [web] trusted_proxies: 'proxy.example' is not an address"));
}

TEST_F(IniFileTest, NoMessageShowsAPassword) {
  const std::string message = ErrorOf("[web.users]\nalice = secret\n");
  EXPECT_THAT(message, HasSubstr("line 2: [web.users] alice: not a bcrypt hash"));
  EXPECT_THAT(message, Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace shmetrics::agent
