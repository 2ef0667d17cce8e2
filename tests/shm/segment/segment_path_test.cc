#include "shm/segment/segment_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>

#include "shm/segment/segment.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::PrivateFolder;
using testing::RunInChild;
using testing::SmallSegment;

TEST(SegmentPathTest, FolderIsWhatStandsBeforeTheLastSlash) {
  EXPECT_EQ(FolderOf("/run/shmetrics/default.v1"), "/run/shmetrics");
  EXPECT_EQ(FolderOf("/segment"), "/");
  EXPECT_EQ(FolderOf("segment"), ".");
  EXPECT_EQ(FolderOf("a/b/c"), "a/b");
}

/// Runs `body` in a child whose /dev/shm and /run are empty.
class DefaultFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::CanMount("/run")) GTEST_SKIP() << "this user may not mount a tmpfs";
  }
  static void Run(const std::function<void()>& body) {
    EXPECT_EQ(RunInChild([&] {
                ASSERT_TRUE(testing::EnterMountNamespace());
                ASSERT_TRUE(testing::MountTmpfs("/dev/shm", "16m"));
                ASSERT_TRUE(testing::MountTmpfs("/run", "16m"));
                body();
              }),
              0);
  }
  static std::string Private() { return "/dev/shm/shmetrics-" + std::to_string(geteuid()); }
  static void ExpectRefused(ErrorCode code, const std::string& words) {
    const auto segment = Segment::AttachOrCreate(DefaultSegmentPath(), SmallSegment());
    ASSERT_FALSE(segment.ok());
    EXPECT_EQ(segment.error().code, code) << segment.error().message;
    EXPECT_THAT(segment.error().message, ::testing::HasSubstr(words));
  }
};

TEST_F(DefaultFolderTest, SharedFolderIsTakenWhereItExists) {
  Run([] {
    EXPECT_EQ(DefaultSegmentPath(), Private() + "/default.v1");
    std::filesystem::create_directory("/run/shmetrics");
    EXPECT_EQ(DefaultSegmentPath(), "/run/shmetrics/default.v1");
  });
}

TEST_F(DefaultFolderTest, PrivateFolderIsMadeForTheUserAlone) {
  Run([] {
    umask(0);
    ASSERT_TRUE(Segment::AttachOrCreate(DefaultSegmentPath(), SmallSegment()).ok());
    struct stat status;
    ASSERT_EQ(stat(Private().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
  });
}

TEST_F(DefaultFolderTest, OtherFoldersAreNotMade) {
  Run([] {
    const auto segment = Segment::AttachOrCreate("/dev/shm/nowhere/segment", SmallSegment());
    ASSERT_FALSE(segment.ok());
    EXPECT_EQ(segment.error().code, ErrorCode::kNotCreatable);
    EXPECT_THAT(segment.error().message, ::testing::HasSubstr("/dev/shm/nowhere"));
    EXPECT_FALSE(std::filesystem::exists("/dev/shm/nowhere"));
  });
}

// Fault 27: anyone can make a name in /dev/shm first.
TEST_F(DefaultFolderTest, PrivateFolderOfSomebodyElseIsRefused) {
  Run([] {
    std::filesystem::create_directory(Private());
    ASSERT_EQ(chown(Private().c_str(), 20'001, 20'001), 0);
    ExpectRefused(ErrorCode::kForeignOwner, "uid 20001");
  });
}

TEST_F(DefaultFolderTest, SegmentThatSomebodyElsePutInAPrivateFolderOfHisIsRefused) {
  Run([] {
    std::filesystem::create_directory(Private());
    ASSERT_TRUE(Segment::AttachOrCreate(DefaultSegmentPath(), SmallSegment()).ok());
    ASSERT_EQ(chown(DefaultSegmentPath().c_str(), 20'001, 20'001), 0);
    ASSERT_EQ(chown(Private().c_str(), 20'001, 20'001), 0);
    ExpectRefused(ErrorCode::kForeignOwner, "uid 20001");
    EXPECT_FALSE(Segment::Attach(DefaultSegmentPath(), Segment::Access::kReadOnly).ok());
  });
}

TEST_F(DefaultFolderTest, PrivateFolderThatOthersMayWriteToIsRefused) {
  Run([] {
    std::filesystem::create_directory(Private());
    std::filesystem::permissions(Private(), std::filesystem::perms(0770));
    ExpectRefused(ErrorCode::kUnsafeMode, "0700");
  });
}

TEST_F(DefaultFolderTest, LinkInPlaceOfThePrivateFolderIsRefused) {
  Run([] {
    std::filesystem::create_directory("/dev/shm/elsewhere");
    std::filesystem::create_symlink("/dev/shm/elsewhere", Private());
    ExpectRefused(ErrorCode::kForeignOwner, Private());
  });
}

}  // namespace
}  // namespace shmetrics::shm
