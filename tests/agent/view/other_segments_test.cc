#include "agent/view/other_segments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/private_folder.h"

namespace shmetrics::agent {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

// Fault A17. The folders of other users are tested in tests/edges/unreadable_segment_test.cc.
TEST(OtherSegmentsTest, FilesOfTheSameLayoutBesideTheSegmentAreNamed) {
  const testing::PrivateFolder folder;
  for (const char* name : {"mine.v1", "other.v1", "older.v0", "notes"}) std::ofstream(folder / name) << "";
  std::filesystem::create_directory(folder / "folder.v1");
  std::filesystem::create_symlink(folder / "other.v1", folder / "link.v1");
  const std::string others = DescribeOtherSegments(folder / "mine.v1");
  EXPECT_THAT(others, ContainsRegex("other\\.v1 \\(mode 0[0-7]+, uid [0-9]+"));
  for (const char* name : {"mine.v1", "older", "notes", "folder.v1", "link.v1"})
    EXPECT_THAT(others, Not(HasSubstr(folder / name))) << name;
}

// Fault A17. Anybody can fill a folder.
TEST(OtherSegmentsTest, EightAreNamedAndTheRestIsCounted) {
  const testing::PrivateFolder folder;
  for (int i = 0; i < 30; i++) std::ofstream(folder / (std::to_string(100 + i) + ".v1")) << "";
  const std::string others = DescribeOtherSegments(folder / "mine.v1");
  EXPECT_THAT(others, HasSubstr("107.v1"));
  EXPECT_THAT(others, Not(HasSubstr("108.v1")));
  EXPECT_THAT(others, ContainsRegex(", and [0-9]+ more$"));
}

// Fault A17.
TEST(OtherSegmentsTest, AFolderThatDoesNotExistHasNone) {
  EXPECT_THAT(DescribeOtherSegments("/no/such/folder/s.v1"), Not(HasSubstr("/no/such")));
}

}  // namespace
}  // namespace shmetrics::agent
