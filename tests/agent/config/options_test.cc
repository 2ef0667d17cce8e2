#include "agent/config/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "agent/base/version.h"
#include "agent/config/settings.h"

namespace shmetrics::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Result<Options> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "shmetrics-agent");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(OptionsTest, EveryFlagIsTakenInBothForms) {
  for (const auto& arguments :
       {std::vector<const char*>{"--config.file", "/c", "--segment.path", "/s", "--web.listen-address", ":1",
                                 "--log.level", "debug", "--log.format", "json", "--web.telemetry-path",
                                 "/m"},
        std::vector<const char*>{"--config.file=/c", "--segment.path=/s", "--web.listen-address=:1",
                                 "--log.level=debug", "--log.format=json", "--web.telemetry-path=/m"}}) {
    const Result<Options> options = Parse(arguments);
    ASSERT_TRUE(options.ok()) << options.error().message;
    EXPECT_EQ(options->config_file, "/c");
    EXPECT_EQ(options->flags.values.segment_path, "/s");
    EXPECT_THAT(options->flags.values.listen_addresses, ElementsAre(ListenAddress{"", 1}));
    EXPECT_EQ(options->flags.values.log_format, LogFormat::kJson);
    EXPECT_EQ(options->flags.values.telemetry_path, "/m");
    EXPECT_EQ(options->flags.values.log_level, LogLevel::kDebug);
    EXPECT_EQ(options->answer, "");
  }
}

TEST(OptionsTest, WithoutFlagsNoSettingIsGiven) {
  const Result<Options> options = Parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(options->config_file || options->check_config);
  EXPECT_THAT(options->flags.keys, IsEmpty());
}

TEST(OptionsTest, OnlyAddressesMayBeRepeated) {
  const Result<Options> options = Parse({"--web.listen-address=:1", "--web.listen-address", "[::1]:2"});
  ASSERT_TRUE(options.ok()) << options.error().message;
  EXPECT_THAT(options->flags.values.listen_addresses,
              ElementsAre(ListenAddress{"", 1}, ListenAddress{"::1", 2}));
  EXPECT_THAT(Parse({"--web.listen-address=:1", "--web.listen-address=:1"}).error().message,
              HasSubstr("':1' is said twice"));
}

TEST(OptionsTest, ASwitchIsOnByItselfAndOffWithNoBeforeItsName) {
  EXPECT_TRUE(Parse({"--web.disable-exporter-metrics"})->flags.values.disable_exporter_metrics);
  const Result<Options> off = Parse({"--no-web.disable-exporter-metrics"});
  EXPECT_TRUE(off->flags.Gives("[web] disable_exporter_metrics"));
  EXPECT_FALSE(off->flags.values.disable_exporter_metrics);
  EXPECT_TRUE(Parse({"--web.openmetrics-created"})->flags.values.openmetrics_created);
  EXPECT_TRUE(Parse({"--config.check"})->check_config);
}

TEST(OptionsTest, WrongFlagsAndValuesAreNamedOnOneLine) {
  const struct {
    std::vector<const char*> arguments;
    const char* named;
  } cases[] = {
      {{"--web.port", "1"}, "--web.port"},
      {{"extra"}, "extra"},
      {{"--log.level"}, "--log.level"},
      {{"--log.level", "info", "--log.level", "warn"}, "--log.level"},
      {{"--log.level=loud"}, "--log.level: 'loud'"},
      {{"--log.level=a\nb"}, "--log.level: 'a b'"},
      {{"--log.format=xml"}, "--log.format: 'xml'"},
      {{"--web.telemetry-path=metrics"}, "--web.telemetry-path: 'metrics'"},
      {{"--web.disable-exporter-metrics", "true"}, "true"},
      {{"--web.listen-address=8000"}, "--web.listen-address: '8000'"},
      {{"--segment.path="}, "--segment.path"},
  };
  for (const auto& [arguments, named] : cases) {
    const Result<Options> options = Parse(arguments);
    ASSERT_FALSE(options.ok()) << named;
    EXPECT_THAT(options.error().message, HasSubstr(named));
    EXPECT_EQ(options.error().message.find('\n'), std::string::npos) << options.error().message;
  }
}

TEST(OptionsTest, HelpAndVersionAreAnswers) {
  EXPECT_EQ(Parse({"--version"})->answer, "shmetrics-agent " + std::string(kVersion) + "\n");
  EXPECT_THAT(Parse({"--help"})->answer, HasSubstr("--web.listen-address ADDRESS"));
}

TEST(OptionsTest, TheHelpHasARowForEverySetting) {
  const std::string help = Parse({"--help"})->answer;
  for (const Setting& setting : AllSettings()) {
    EXPECT_THAT(help, HasSubstr(setting.flag.empty() ? setting.key : setting.flag));
    EXPECT_THAT(help, HasSubstr(setting.HelpText())) << setting.key;
  }
}

TEST(OptionsTest, TheReadmeNamesEveryFlagOfTheHelp) {
  std::ostringstream readme;
  readme << std::ifstream(SHMETRICS_SOURCE_DIR "/agent/README.md").rdbuf();
  std::istringstream help(Parse({"--help"})->answer);
  int flags = 0;
  for (std::string word; help >> word;) {
    if (!word.starts_with("--") || word.starts_with("--no-")) continue;
    EXPECT_THAT(readme.str(), HasSubstr("`" + word.substr(0, word.find(',')))) << "in the table of flags";
    ++flags;
  }
  EXPECT_GT(flags, 10);
}

}  // namespace
}  // namespace shmetrics::agent
