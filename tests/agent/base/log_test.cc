#include "agent/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

namespace shmetrics::agent {
namespace {

using ::testing::MatchesRegex;

/// The line that a log of level `least` prints for a message of `level`; empty if none.
std::string Printed(LogLevel least, LogLevel level, const std::string& message,
                    LogFormat format = LogFormat::kLogfmt) {
  StartLog(least, format);
  ::testing::internal::CaptureStderr();
  Log(level, message);
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogTest, ALineHasTimeLevelAndMessage) {
  EXPECT_THAT(Printed(LogLevel::kInfo, LogLevel::kInfo, "it is so"),
              MatchesRegex("time=....-..-..T..:..:..[.]...Z level=info msg=\"it is so\"\n"));
}

TEST(LogTest, AMessageIsNeverAFormatAndCannotEndItsLineOrQuotes) {
  EXPECT_THAT(Printed(LogLevel::kInfo, LogLevel::kError, "{} %s \" \\ \n level=x"),
              ::testing::EndsWith("msg=\"{} %s \\\" \\\\   level=x\"\n"));
}

TEST(LogTest, MessagesBelowTheLevelAreNotPrinted) {
  EXPECT_EQ(Printed(LogLevel::kWarn, LogLevel::kInfo, "hush"), "");
  EXPECT_NE(Printed(LogLevel::kWarn, LogLevel::kWarn, "hear"), "");
  EXPECT_NE(Printed(LogLevel::kDebug, LogLevel::kDebug, "hear"), "");
}

TEST(LogTest, AJsonLineIsOneObjectWhateverIsInTheMessage) {
  std::string message = "{} %s \" \\ \n \t \x7f \xff\xc3( \xc3\xa4 \xed\xa0\x80";
  message += '\0';
  const std::string line = Printed(LogLevel::kInfo, LogLevel::kWarn, message, LogFormat::kJson);
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json.size(), 3U);
  EXPECT_THAT(json["time"].get<std::string>(), MatchesRegex("....-..-..T..:..:..[.]...Z"));
  EXPECT_EQ(json["level"], "warn");
  EXPECT_THAT(
      json["msg"].get<std::string>(),
      ::testing::StartsWith("{} %s \" \\ \n \t \x7f \xef\xbf\xbd\xef\xbf\xbd( \xc3\xa4 \xef\xbf\xbd"));
}

TEST(LogTest, FormatsAreParsedByName) {
  EXPECT_EQ(ParseLogFormat("logfmt"), LogFormat::kLogfmt);
  EXPECT_EQ(ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_FALSE(ParseLogFormat("JSON"));
}

TEST(LogTest, ThreadsLogWholeLinesWhileTheFormatChanges) {
  StartLog(LogLevel::kInfo, LogFormat::kLogfmt);
  ::testing::internal::CaptureStderr();
  std::jthread writer([] {
    for (int i = 0; i < 500; ++i) Log(LogLevel::kInfo, "x");
  });
  for (int i = 0; i < 200; ++i) StartLog(LogLevel::kInfo, i % 2 == 0 ? LogFormat::kJson : LogFormat::kLogfmt);
  writer.join();
  std::istringstream lines(::testing::internal::GetCapturedStderr());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_THAT(
        line,
        MatchesRegex(
            "time=[^ ]* level=info msg=\"x\"|\\{\"time\":\"[^\"]*\",\"level\":\"info\",\"msg\":\"x\"\\}"));
  }
  EXPECT_EQ(count, 500);
}

TEST(LogTest, LevelsAreParsedByName) {
  EXPECT_EQ(ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("error"), LogLevel::kError);
  EXPECT_FALSE(ParseLogLevel("Info"));
  EXPECT_FALSE(ParseLogLevel(""));
}

}  // namespace
}  // namespace shmetrics::agent
