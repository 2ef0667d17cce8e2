#include "shm/base/path_view.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <thread>

#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::PrivateFolder;
using testing::RunInChild;

class PathViewTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::CanMount(folder_.path())) GTEST_SKIP() << "this user may not mount";
  }
  const PrivateFolder folder_;
  const std::optional<PathView> before_ = CurrentPathView();
};

TEST_F(PathViewTest, IsTheSameAgainAlsoInAChildAndAfterAMountElsewhere) {
  ASSERT_TRUE(before_);
  EXPECT_EQ(CurrentPathView(), before_);
  EXPECT_EQ(RunInChild([&] {
              EXPECT_EQ(CurrentPathView(), before_);
              ASSERT_TRUE(testing::EnterMountNamespace());
              const std::optional<PathView> own = CurrentPathView();
              ASSERT_TRUE(testing::MountTmpfs(folder_.path(), "64k"));
              EXPECT_EQ(CurrentPathView(), own);
            }),
            0);
}

// Fault L2.
TEST_F(PathViewTest, IsAnotherInAnotherMountNamespaceAlsoBeforeAnythingIsMountedThere) {
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::EnterMountNamespace());
              const std::optional<PathView> own = CurrentPathView();
              ASSERT_TRUE(own);
              EXPECT_NE(own, before_);
            }),
            0);
}

// Fault L2.
TEST_F(PathViewTest, OfAThreadThatHasItsOwnMountsIsItsOwn) {
  EXPECT_EQ(RunInChild([&] {
              std::thread([&] {
                ASSERT_TRUE(testing::EnterMountNamespace());
                EXPECT_NE(CurrentPathView(), before_);
              }).join();
              EXPECT_EQ(CurrentPathView(), before_) << "the other threads see what they saw";
            }),
            0);
}

// Fault L2.
TEST_F(PathViewTest, WithoutProcNothingIsKnown) {
  EXPECT_EQ(RunInChild([&] {
              ASSERT_EQ(chroot(folder_.path().c_str()) + chdir("/"), 0);
              EXPECT_EQ(CurrentPathView(), std::nullopt);
            }),
            0);
}

// Fault L2. The same folder is the root, but what is mounted below the old root is missing below the new one.
TEST_F(PathViewTest, IsAnotherInABindMountOfTheRoot) {
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::EnterMountNamespace());
              const std::optional<PathView> before = CurrentPathView();
              ASSERT_EQ(mount("/", folder_.path().c_str(), nullptr, MS_BIND, nullptr), 0);
              ASSERT_EQ(mount("/proc", (folder_ / "proc").c_str(), nullptr, MS_BIND, nullptr), 0);
              ASSERT_EQ(chroot(folder_.path().c_str()) + chdir("/"), 0);
              const std::optional<PathView> inside = CurrentPathView();
              ASSERT_TRUE(before && inside);
              EXPECT_EQ(inside->root_inode, before->root_inode);
              EXPECT_EQ(inside->mount_namespace, before->mount_namespace);
              EXPECT_NE(inside, before);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics::shm
