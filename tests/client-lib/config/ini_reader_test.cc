#include "client-lib/config/ini_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <tuple>
#include <vector>

#include "tests/support/private_folder.h"

namespace shmetrics::config {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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
  EXPECT_THAT(KeysOf("above = 1\n# comment\n[b]\nkey = x y ; comment\n\n[a]\n  key: z\n[b]\nkey =\n"),
              ElementsAre(KeyFields("", "above", "1", 1), KeyFields("b", "key", "x y", 4),
                          KeyFields("a", "key", "z", 7), KeyFields("b", "key", "", 9)));
}

TEST_F(IniReaderTest, AnEmptyFileHasNoKeysAndNoErrors) {
  const IniFile file = Read("");
  EXPECT_EQ(file.path, path_);
  EXPECT_THAT(file.keys, IsEmpty());
  EXPECT_EQ(file.bad_line, 0);
  EXPECT_EQ(file.open_error + file.read_error, "");
}

TEST_F(IniReaderTest, TheFirstBadLineIsNamedAndKeysBelowItAreRead) {
  const IniFile file = Read("[a]\nno key\nkey = 1\n[b\n");
  EXPECT_EQ(file.BadLineError(), path_ + ": line 2: is neither a [section], nor key = value, nor a comment");
  ASSERT_EQ(file.keys.size(), 1U);
  EXPECT_EQ(file.keys[0].line, 3);
}

TEST_F(IniReaderTest, AnAbsentFileAndAFolderAreDifferentErrors) {
  const IniFile absent = ReadIni(path_);
  EXPECT_EQ(absent.open_error, path_ + ": could not be opened: No such file or directory");
  EXPECT_EQ(absent.read_error, "");
  const IniFile folder = ReadIni(folder_.path());
  EXPECT_EQ(folder.open_error, "");
  EXPECT_EQ(folder.read_error, folder_.path() + ": could not be read: Is a directory");
}

}  // namespace
}  // namespace shmetrics::config
