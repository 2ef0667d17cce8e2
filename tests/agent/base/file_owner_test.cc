#include "agent/base/file_owner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>

namespace shmetrics::agent {
namespace {

TEST(FileOwnerTest, OwnersAreTheNameOfTheirNumberWhereThereIsOne) {
  struct stat file {};
  file.st_mode = S_IFREG | 0640;
  EXPECT_EQ(DescribeOwner(file), "mode 0640, uid 0 (root), gid 0 (root)");
  file.st_mode = S_IFREG | 02670;
  file.st_uid = 3'999'999'999;
  file.st_gid = 3'999'999'999;
  EXPECT_EQ(DescribeOwner(file), "mode 2670, uid 3999999999, gid 3999999999");
  EXPECT_EQ(UserName(0), "root");
  EXPECT_EQ(UserName(3'999'999'999), "uid 3999999999");
}

TEST(FileOwnerTest, ThisProcessIsDescribedByItsEffectiveUser) {
  EXPECT_THAT(DescribeThisProcess(), ::testing::StartsWith("uid " + std::to_string(geteuid())));
}

}  // namespace
}  // namespace shmetrics::agent
