// Fault L18. Volumes as Kubernetes (fsGroup: 2777, a common group) and OpenShift (0775, group 0) mount them:
// workers of several users share a segment there, and a stranger to the group can neither read nor stand in
// for it.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using ::testing::HasSubstr;
using testing::RunInChild;

constexpr uid_t kAlice = 20'001, kBob = 20'002, kMallory = 20'003;
constexpr gid_t kOwnGroup = 20'200;

struct Volume {
  const char* name;
  gid_t group;
  mode_t mode;
};

/// Goes on as a container's process: a uid of its own, and the volume's group as a supplementary one or the
/// only one.
void Become(uid_t user, gid_t group, const std::vector<gid_t>& supplementary) {
  ASSERT_EQ(setgroups(supplementary.size(), supplementary.data()), 0);
  ASSERT_EQ(setresgid(group, group, group), 0);
  ASSERT_EQ(setresuid(user, user, user), 0);
}

constexpr Volume kFsGroup{"fsGroup", 20'100, 02777};

/// A test in a volume as Kubernetes mounts it for fsGroup: anybody can put files there.
class FsGroupTest : public testing::RegistryFixture {
 protected:
  explicit FsGroupTest(const Volume& volume = kFsGroup) : volume_(volume) {}
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can become another user";
    ASSERT_EQ(chown(folder_.c_str(), 0, volume_.group), 0);
    ASSERT_EQ(chmod(folder_.c_str(), volume_.mode), 0);
  }
  void BecomeMember(uid_t user) const {
    if (volume_.group == 0) return Become(user, 0, {});
    Become(user, kOwnGroup, {volume_.group});
  }
  static void BecomeStranger() { Become(kMallory, kOwnGroup, {}); }

  const Volume volume_;
};

/// A test in each kind of volume.
class GroupFolderTest : public FsGroupTest, public ::testing::WithParamInterface<Volume> {
 protected:
  GroupFolderTest() : FsGroupTest(GetParam()) {}
};
INSTANTIATE_TEST_SUITE_P(Volumes, GroupFolderTest,
                         ::testing::Values(kFsGroup, Volume{"OpenShift", 0, 0775},
                                           Volume{"OpenShiftWithFsGroup", 0, 02775},
                                           Volume{"readable_by_the_world", 20'100, 02775},
                                           Volume{"closed", 20'100, 02770}),
                         [](const auto& volume) { return volume.param.name; });

TEST_P(GroupFolderTest, WorkersOfSeveralUsersShareASegment) {
  for (const uid_t user : {kAlice, kBob}) {
    EXPECT_EQ(RunInChild([&] {
                BecomeMember(user);
                Registry& registry = Open();
                ASSERT_TRUE(registry.status().attached) << registry.status().error;
                registry.counter({.name = "requests_total"}).inc();
                registry.gauge({.name = "depth"}).set(user);
                EXPECT_EQ(Read().Counter("requests_total"), user == kAlice ? 1U : 2U);
                EXPECT_EQ(Read().Gauge("depth"), static_cast<double>(user));
                const auto lease =
                    registry.lease_gauge({.name = "streams", .labels = {"user"}}).try_acquire({"42"});
                EXPECT_TRUE(lease) << lease.error().message;
              }),
              0);
  }
}

TEST_P(GroupFolderTest, TheySharePidNamespacesToo) {
  RegistryOptions options = Options();
  options.shared_pid_namespaces = true;
  for (const uid_t user : {kAlice, kBob}) {
    EXPECT_EQ(RunInChild([&] {
                BecomeMember(user);
                const auto lease = Registry::open(options)
                                       .lease_gauge({.name = "streams", .labels = {"user"}})
                                       .try_acquire({"42"}, {.limit = 1});
                EXPECT_TRUE(lease) << lease.error().message;
              }),
              0);
  }
}

TEST_P(GroupFolderTest, AStrangerCanNeitherReadNorWriteTheSegment) {
  ASSERT_EQ(RunInChild([&] {
              BecomeMember(kAlice);
              Open().counter({.name = "requests_total"}).inc();
            }),
            0);
  EXPECT_EQ(RunInChild([&] {
              BecomeStranger();
              for (const int flags : {O_RDONLY, O_WRONLY, O_RDWR})
                EXPECT_EQ(open(segment_.c_str(), flags), -1);
              EXPECT_FALSE(Open().status().attached);
            }),
            0);
}

TEST_F(FsGroupTest, WhatAStrangerPutsThereIsNotTrusted) {
  ASSERT_EQ(RunInChild([&] {
              BecomeMember(kAlice);
              Open().counter({.name = "requests_total"}).inc();
            }),
            0);
  const std::string image = folder_ + "/image";
  std::filesystem::rename(segment_, image);
  chmod(image.c_str(), 0644);
  EXPECT_EQ(RunInChild([&] {
              BecomeStranger();
              std::ifstream in(image, std::ios::binary);
              std::ofstream out(segment_, std::ios::binary);
              out << in.rdbuf();
              out.close();
              ASSERT_TRUE(out.good());
              for (const mode_t mode : {0660, 02660, 02670}) EXPECT_EQ(chmod(segment_.c_str(), mode), 0);
            }),
            0);
  EXPECT_EQ(RunInChild([&] {
              BecomeMember(kBob);
              const RegistryStatus status = Open().status();
              EXPECT_FALSE(status.attached) << "a stranger's file is taken for the group's";
              EXPECT_EQ(status.error_code, ErrorCode::kForeignOwner) << status.error;
            }),
            0);
}

TEST_F(FsGroupTest, AFileThatAStrangerMakesWithTheMarkHasNone) {
  for (const mode_t mask : {0000, 0070}) {
    std::filesystem::remove(segment_);
    EXPECT_EQ(RunInChild([&] {
                BecomeStranger();
                umask(mask);
                const int fd = open(segment_.c_str(), O_CREAT | O_EXCL | O_RDWR, 02670);
                ASSERT_GE(fd, 0);
                EXPECT_EQ(fchmod(fd, 02670), 0);
              }),
              0);
    EXPECT_EQ(RunInChild([&] {
                BecomeMember(kBob);
                EXPECT_EQ(Open().status().error_code, ErrorCode::kForeignOwner) << Open().status().error;
              }),
              0);
  }
}

TEST_F(FsGroupTest, AStrangerIsToldToJoinTheGroup) {
  EXPECT_EQ(RunInChild([&] {
              BecomeStranger();
              const RegistryStatus status = Open().status();
              EXPECT_EQ(status.error_code, ErrorCode::kNotCreatable);
              EXPECT_THAT(status.error, HasSubstr("is not in the group 20100 of that folder"));
            }),
            0);
  EXPECT_FALSE(std::filesystem::exists(segment_)) << "the workers of the group could not take this name";
}

}  // namespace
}  // namespace shmetrics
