// Fault A16: lines that inih would misread without a word.

#include "client-lib/config/ini_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace shmetrics::config {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ErrorOf(const std::string& text) {
  std::vector<IniSection> sections;
  const auto error = CheckIniText(text, &sections);
  return error ? std::to_string(error->line) + ' ' + error->what : "";
}

TEST(IniTextTest, AnOrdinaryTextIsInOrder) {
  EXPECT_EQ(ErrorOf(""), "");
  EXPECT_EQ(
      ErrorOf("\xEF\xBB\xBF; comment ; of two\r\n[a] # comment\r\n\tkey = x;y=z # w\r\nno key\n[open\n"), "");
}

TEST(IniTextTest, AValueThatAnInlineCommentWouldCutIsRefused) {
  for (const char* line : {"key = secret ;rest", "key = x\t; y", "key = ;x", "key: x ; y", "key = a;b ;c"}) {
    EXPECT_THAT(ErrorOf("[a]\n" + std::string(line) + "\n"), HasSubstr("2 [a] key: has a ';' after a blank"));
  }
  EXPECT_THAT(ErrorOf("[a]\nkey = secret ;rest\n"), Not(HasSubstr("secret")));
  EXPECT_EQ(ErrorOf("key =;x\n"), "") << "no blank before it";
}

TEST(IniTextTest, ControlCharactersAreRefused) {
  EXPECT_THAT(ErrorOf(std::string("[a]\nkey = 6\0004\n", 14)), HasSubstr("2 [a] key: has a zero byte"));
  EXPECT_THAT(ErrorOf(std::string("[a]\n\0key = 6\n", 13)), HasSubstr("2 [a] key: has a zero byte"));
  EXPECT_THAT(ErrorOf(std::string("; a\n;\0\n", 7)), HasSubstr("2 has a zero byte"));
  EXPECT_THAT(ErrorOf("[a]\rkey = 6\r"), HasSubstr("1 has a carriage return"));
  EXPECT_THAT(ErrorOf("[a]\nkey = 6\rb = 7\n"), HasSubstr("2 [a] key: has a carriage return"));
  EXPECT_THAT(ErrorOf("[a]\nkey = \x1b[0m\n"), HasSubstr("2 [a] key: has a control character"));
}

TEST(IniTextTest, ALineThatIsTooLongIsRefusedAndNotSplit) {
  const std::string most = "key=" + std::string(kMostIniLineBytes - 4, 'x');
  EXPECT_EQ(ErrorOf("[a]\n" + most + "\r\n"), "");
  EXPECT_THAT(ErrorOf("[a]\n" + most + "x\n"), HasSubstr("2 [a] key: is longer than 65536 bytes"));
  EXPECT_THAT(ErrorOf(";" + std::string(kMostIniLineBytes, 'x') + "key = 1\n"),
              HasSubstr("1 is longer than"));
}

TEST(IniTextTest, TheNameOfASectionIsReadWholeAndNothingFollowsIt) {
  EXPECT_EQ(ErrorOf("[" + std::string(49, 's') + "]\n"), "");
  EXPECT_THAT(ErrorOf("\n[" + std::string(50, 's') + "]\n"),
              HasSubstr("2 the name of the section is longer"));
  EXPECT_THAT(ErrorOf("[web] max_connections = 5\n"), HasSubstr("1 [web] is followed by text"));
}

}  // namespace
}  // namespace shmetrics::config
