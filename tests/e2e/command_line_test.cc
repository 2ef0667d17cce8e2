// A wrong command line or configuration: the agent prints one line and exits with code 2.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/agent.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Ended;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RunProgram;
using ::testing::StartsWith;

class CommandLineTest : public testing::RegistryFixture {
 protected:
  static void ExpectRefused(std::vector<std::string> arguments, const std::string& named) {
    arguments.insert(arguments.begin(), SHMETRICS_AGENT);
    const Ended ended = RunProgram(arguments);
    EXPECT_EQ(ended.code, 2) << named;
    EXPECT_THAT(ended.errors, HasSubstr(named));
    EXPECT_THAT(ended.errors, StartsWith("shmetrics-agent: "));
    EXPECT_EQ(std::ranges::count(ended.errors, '\n'), 1) << ended.errors;
    EXPECT_THAT(ended.output, IsEmpty());
  }

  void ExpectConfigurationRefused(const std::string& text, const std::string& named) {
    const std::string path = folder_ + "/shmetrics.ini";
    std::ofstream(path) << text;
    SCOPED_TRACE(text);
    ExpectRefused({"--config.file", path}, named);
    ExpectRefused({"--config.file", path}, path);
  }
};

TEST_F(CommandLineTest, AnUnknownFlagIsNamed) {
  ExpectRefused({"--frobnicate"}, "--frobnicate");
  ExpectRefused({"--frobnicate=1"}, "--frobnicate");
  ExpectRefused({"-x"}, "-x");
}

TEST_F(CommandLineTest, AWordTooManyIsNamed) { ExpectRefused({"serve"}, "serve"); }

TEST_F(CommandLineTest, AFlagWithoutItsValueIsNamed) { ExpectRefused({"--segment.path"}, "--segment.path"); }

TEST_F(CommandLineTest, ABadValueIsNamedWithItsFlag) {
  for (const char* address :
       {"nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:-1", "127.0.0.1:80x", ""}) {
    SCOPED_TRACE(address);
    ExpectRefused({"--web.listen-address", address}, "--web.listen-address");
  }
  ExpectRefused({"--log.level", "loud"}, "--log.level: 'loud'");
}

TEST_F(CommandLineTest, AnAddressOfAnotherHostIsNamed) {
  ExpectRefused({"--segment.path", segment_, "--web.listen-address", "192.0.2.1:9000"}, "192.0.2.1:9000");
}

TEST_F(CommandLineTest, AMissingConfigurationFileIsNamed) {
  ExpectRefused({"--config.file", folder_ + "/missing.ini"}, folder_ + "/missing.ini");
}

TEST_F(CommandLineTest, AnUnknownKeyOrSectionIsNamedWithItsLine) {
  ExpectConfigurationRefused("[web]\nlisten_adress = 127.0.0.1:0\n", "line 2: [web] listen_adress");
  ExpectConfigurationRefused("\n[wbe]\nlisten_address = 127.0.0.1:0\n", "line 3: [wbe] listen_address");
  ExpectConfigurationRefused("listen_address = 127.0.0.1:0\n", "line 1");
}

TEST_F(CommandLineTest, ABadValueInTheConfigurationIsNamedWithItsKey) {
  ExpectConfigurationRefused("[log]\nlevel = loud\n", "[log] level: 'loud'");
  ExpectConfigurationRefused("[web]\nlisten_address =\n", "[web] listen_address");
}

TEST_F(CommandLineTest, ALineThatIsNoIniLineIsNamed) {
  ExpectConfigurationRefused("[web]\nwhat is this\n", "line 2");
}

TEST_F(CommandLineTest, ACheckReadsWhatAStartWouldAndServesNothing) {
  const std::string path = folder_ + "/shmetrics.ini";
  std::ofstream(path) << "[web]\nlisten_address = 192.0.2.1:1\n";
  const Ended good = RunProgram({SHMETRICS_AGENT, "--config.check", "--config.file", path});
  EXPECT_EQ(good.code, 0) << good.errors;
  EXPECT_EQ(good.output, "ok\n");
  std::ofstream(path) << "[web.users]\nalice = secret\n";
  ExpectRefused({"--config.check", "--config.file=" + path}, path + ": line 2: [web.users] alice");
  std::ofstream(path) << "[web]\ntls_certificate = " << path << "\n";
  ExpectRefused({"--config.check", "--config.file=" + path}, path + ": line 2: [web] tls_certificate");
}

TEST_F(CommandLineTest, HelpAndVersionAreAnsweredOnStandardOutput) {
  for (const char* flag : {"--help", "--version"}) {
    const Ended ended = RunProgram({SHMETRICS_AGENT, flag});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.output, HasSubstr("shmetrics-agent"));
    EXPECT_THAT(ended.errors, IsEmpty());
  }
}

TEST_F(CommandLineTest, SigtermAndSigintEndTheAgentWith0) {
  for (const int signal : {SIGTERM, SIGINT}) {
    testing::Agent agent(SHMETRICS_AGENT, segment_);
    agent.Get();
    agent.process().Signal(signal);
    EXPECT_EQ(agent.process().Wait(), 0) << agent.process().errors();
  }
}

TEST_F(CommandLineTest, TheFileGivesTheSettingsThatNoFlagGives) {
  const std::string path = folder_ + "/shmetrics.ini";
  std::ofstream(path) << "[segment]\npath = " << segment_ << "\n[web]\nlisten_address = 127.0.0.1:0\n"
                      << "[log]\nlevel = info\n";
  testing::Program agent({SHMETRICS_AGENT, "--config.file", path});
  EXPECT_TRUE(agent.WaitForText("serves " + segment_ + " on 127.0.0.1:").has_value()) << agent.errors();
}

}  // namespace
}  // namespace shmetrics
