#include "shm/base/proc_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::shm {
namespace {

TEST(ProcFileTest, GivesTheBeginningOfTheFileAsFarAsThereIsRoom) {
  char room[512];
  const std::optional<std::string_view> whole = ReadProcFile("/proc/self/stat", room);
  ASSERT_TRUE(whole);
  const std::string id = std::to_string(getpid()) + " (";
  EXPECT_TRUE(whole->starts_with(id)) << *whole;
  char little[3];
  EXPECT_EQ(ReadProcFile("/proc/self/stat", little), id.substr(0, 3));
}

TEST(ProcFileTest, GivesWholeFilesOfManyReads) {
  const std::optional<std::string> maps = ReadWholeProcFile("/proc/self/smaps");
  ASSERT_TRUE(maps);
  EXPECT_GT(maps->size(), 4096U);
  EXPECT_EQ(maps->back(), '\n');
  EXPECT_FALSE(ReadWholeProcFile("/proc/no/such/file"));
  EXPECT_EQ(errno, ENOENT);
}

TEST(ProcFileTest, SaysByErrnoWhyThereIsNone) {
  char room[16];
  EXPECT_FALSE(ReadProcFile("/proc/no/such/file", room));
  EXPECT_EQ(errno, ENOENT);
}

}  // namespace
}  // namespace shmetrics::shm
