#include "agent/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace shmetrics::agent {
namespace {

using ::testing::MatchesRegex;

/// What a log at `least` prints of a message at `level`.
std::string Printed(LogLevel least, LogLevel level, const std::string& message) {
  StartLog(least);
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

TEST(LogTest, WhatIsBelowTheLevelIsNotPrinted) {
  EXPECT_EQ(Printed(LogLevel::kWarn, LogLevel::kInfo, "hush"), "");
  EXPECT_NE(Printed(LogLevel::kWarn, LogLevel::kWarn, "hear"), "");
  EXPECT_NE(Printed(LogLevel::kDebug, LogLevel::kDebug, "hear"), "");
}

TEST(LogTest, LevelsAreReadAsTheyArePrinted) {
  EXPECT_EQ(ParseLogLevel("debug"), LogLevel::kDebug);
  EXPECT_EQ(ParseLogLevel("info"), LogLevel::kInfo);
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("error"), LogLevel::kError);
  EXPECT_FALSE(ParseLogLevel("Info"));
  EXPECT_FALSE(ParseLogLevel(""));
}

}  // namespace
}  // namespace shmetrics::agent
