#include "client-lib/config/regular_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/private_folder.h"

namespace shmetrics::config {
namespace {

class RegularFileTest : public ::testing::Test {
 protected:
  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "file";
};

TEST_F(RegularFileTest, AFileIsReadWholeAndByALinkToo) {
  const std::string text = std::string(100'000, 'x') + '\0' + "end";
  std::ofstream(path_) << text;
  std::filesystem::create_symlink(path_, folder_ / "link");
  EXPECT_EQ(ReadRegularFile(path_).value(), text);
  EXPECT_EQ(ReadRegularFile(folder_ / "link").value(), text);
  EXPECT_EQ(ReadRegularFile("/dev/null").value(), "");
}

// Fault A16.
TEST_F(RegularFileTest, WhatIsNoFileIsNamedAndNobodyWaits) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(ReadRegularFile(path_).error().message, path_ + ": is a pipe and not a file");
  EXPECT_EQ(ReadRegularFile(folder_.path()).error().message, folder_.path() + ": is a folder and not a file");
  EXPECT_EQ(ReadRegularFile("/dev/zero").error().message, "/dev/zero: is a device and not a file");
}

TEST_F(RegularFileTest, AnAbsentFileIsToldFromOneThatCannotBeRead) {
  EXPECT_EQ(ReadRegularFile(path_).error().code, ErrorCode::kAbsent);
  EXPECT_EQ(ReadRegularFile(path_).error().message,
            path_ + ": could not be opened: No such file or directory");
  std::ofstream(path_) << "";
  std::filesystem::create_symlink("loop", folder_ / "loop");
  EXPECT_EQ(ReadRegularFile(folder_ / "loop").error().code, ErrorCode::kBadOption);
  EXPECT_EQ(ReadRegularFile(path_ + "/x").error().code, ErrorCode::kAbsent);
}

TEST_F(RegularFileTest, AHugeFileIsRefused) {
  std::ofstream(path_) << "";
  ASSERT_EQ(truncate(path_.c_str(), 20 << 20), 0);
  EXPECT_EQ(ReadRegularFile(path_).error().message, path_ + ": is larger than 16 MiB");
}

}  // namespace
}  // namespace shmetrics::config
