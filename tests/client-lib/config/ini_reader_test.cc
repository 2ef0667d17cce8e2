#include "client-lib/config/ini_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/support/private_folder.h"

namespace shmetrics::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

using KeyFields = std::tuple<std::string, std::string, std::string, int>;

class IniReaderTest : public ::testing::Test {
 protected:
  IniFile Read(const std::string& text) {
    std::ofstream(path_) << text;
    return ReadIni(path_);
  }
  std::vector<KeyFields> KeysOf(const std::string& text) {
    std::vector<KeyFields> keys;
    for (const IniKey& key : Read(text).keys) keys.emplace_back(key.section, key.name, key.value, key.line);
    return keys;
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "shmetrics.ini";
};

TEST_F(IniReaderTest, EveryKeyIsReadWithItsSectionAndLineInTheOrderOfTheFile) {
  EXPECT_THAT(KeysOf("above = 1\n# comment\n[b]\nkey = x y;z # w\n\n[a]\n  key: z\n[b]\nkey =\n"),
              ElementsAre(KeyFields("", "above", "1", 1), KeyFields("b", "key", "x y;z # w", 4),
                          KeyFields("a", "key", "z", 7), KeyFields("b", "key", "", 9)));
}

TEST_F(IniReaderTest, AnEmptyFileHasNoKeysAndNoErrors) {
  const IniFile file = Read("");
  EXPECT_EQ(file.path, path_);
  EXPECT_THAT(file.keys, IsEmpty());
  EXPECT_EQ(file.bad_line, 0);
  EXPECT_EQ(file.error, "");
  EXPECT_FALSE(file.ends_within_a_line);
}

TEST_F(IniReaderTest, TheFirstBadLineIsNamedAndKeysBelowItAreRead) {
  const IniFile file = Read("[a]\nno key\nkey = 1\n[b\n");
  EXPECT_EQ(file.BadLineError(), path_ + ": line 2: is neither a [section], nor key = value, nor a comment");
  ASSERT_EQ(file.keys.size(), 1U);
  EXPECT_EQ(file.keys[0].line, 3);
}

TEST_F(IniReaderTest, AnAbsentFileAndAFolderAreDifferentErrors) {
  const IniFile absent = ReadIni(path_);
  EXPECT_EQ(absent.error, path_ + ": could not be opened: No such file or directory");
  EXPECT_EQ(ReadIni(folder_.path()).error, folder_.path() + ": is a folder and not a file");
}

TEST_F(IniReaderTest, EverySectionIsListedAlsoWithoutAKey) {
  const IniFile file = Read("[a]\nkey = 1\n[b] ; empty\n[a]\n");
  std::vector<std::pair<std::string, int>> sections;
  for (const IniSection& section : file.sections) sections.emplace_back(section.name, section.line);
  EXPECT_THAT(sections, ElementsAre(Pair("a", 1), Pair("b", 3), Pair("a", 4)));
}

TEST_F(IniReaderTest, ALineOfTheGreatestLengthIsReadWholeAlsoBehindAByteOrderMark) {
  const std::string value(kMostIniLineBytes - std::string("key=").size(), 'x');
  for (const char* const begin : {"", "\xEF\xBB\xBF"}) {
    for (const char* const end : {"\n", "\r\n", ""}) {
      EXPECT_THAT(KeysOf(begin + ("key=" + value) + end + (*end == '\0' ? "" : "next=1")),
                  Contains(KeyFields("", "key", value, 1)));
    }
  }
}

TEST_F(IniReaderTest, ATextThatInihWouldMisreadIsAnErrorAndHasNoKeys) {
  const IniFile file = Read("[a]\nkey = 1\nother = 2 ; 3\n");
  EXPECT_THAT(file.error, StartsWith(path_ + ": line 3: [a] other: has a ';' after a blank"));
  EXPECT_THAT(file.keys, IsEmpty());
}

TEST_F(IniReaderTest, AFileThatEndsWithinALineIsReadAndSaysSo) {
  const IniFile file = Read("[a]\nkey = 1");
  EXPECT_EQ(file.keys.size(), 1U);
  EXPECT_TRUE(file.ends_within_a_line);
}

}  // namespace
}  // namespace shmetrics::config
