#include "agent/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/version.h"

namespace shmetrics::agent {
namespace {

using ::testing::HasSubstr;

Result<Options> Parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "shmetrics-agent");
  return ParseOptions(static_cast<int>(arguments.size()), arguments.data());
}

TEST(OptionsTest, EveryFlagIsTakenInBothForms) {
  for (const auto& arguments :
       {std::vector<const char*>{"--config.file", "/c", "--segment.path", "/s", "--web.listen-address", ":1",
                                 "--log.level", "debug"},
        std::vector<const char*>{"--config.file=/c", "--segment.path=/s", "--web.listen-address=:1",
                                 "--log.level=debug"}}) {
    const Result<Options> options = Parse(arguments);
    ASSERT_TRUE(options.ok()) << options.error().message;
    EXPECT_EQ(options->config_file, "/c");
    EXPECT_EQ(options->settings.segment_path, "/s");
    EXPECT_EQ(options->settings.listen_address, (ListenAddress{"", 1}));
    EXPECT_EQ(options->settings.log_level, LogLevel::kDebug);
    EXPECT_EQ(options->answer, "");
  }
}

TEST(OptionsTest, WithoutFlagsNothingIsSaid) {
  const Result<Options> options = Parse({});
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(options->config_file || options->settings.segment_path || options->settings.listen_address ||
               options->settings.log_level);
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
  EXPECT_THAT(Parse({"--help"})->answer, HasSubstr("--web.listen-address HOST:PORT"));
}

}  // namespace
}  // namespace shmetrics::agent
