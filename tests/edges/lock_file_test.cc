// Faults L2 and L4. Processes of several PID namespaces share a segment, and lock the bytes of a file beside
// it. Later they may have neither its path nor the right to open it. They use the same lock file all the same,
// or nothing is decided: with another one, two would decide at once.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/give_up_rights.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using ::testing::HasSubstr;
using testing::RunInChild;

class LockFileTest : public testing::RegistryFixture {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root may chroot and has rights to give up";
  }
  Registry& OpenShared() const {
    RegistryOptions options = Options();
    options.shared_pid_namespaces = true;
    return Registry::open(options);
  }
  std::string LockFile() const { return segment_ + ".lock"; }
  void EnterJail() const {
    std::filesystem::create_directories(jail_.path() + folder_);
    ASSERT_EQ(chroot(jail_.path().c_str()) + chdir("/"), 0);
  }
  static void ExpectNotOpenable(const LeaseGaugeFamily& streams, const std::string& words) {
    const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
    ASSERT_FALSE(lease.ok());
    EXPECT_EQ(lease.error().code, ErrorCode::kNotOpenable) << lease.error().message;
    EXPECT_THAT(lease.error().message, HasSubstr("cannot use lock file"));
    EXPECT_THAT(lease.error().message, HasSubstr(words));
  }
  void ExpectCounted(std::uint64_t times) const {
    EXPECT_GE(Read().Refusals(shm::layout::Refusal::kNotOpenable), times);
  }

  const testing::PrivateFolder jail_;
};

// Fault L4.
TEST_F(LockFileTest, WorkersInAJailWithoutRightsUseTheLockFileOfTheirMaster) {
  const LeaseGaugeFamily streams = OpenShared().lease_gauge({.name = "streams"});
  EXPECT_TRUE(std::filesystem::exists(LockFile())) << "it is made early";
  const Result<Lease> only = streams.try_acquire({}, {.limit = 1});
  ASSERT_TRUE(only.ok());
  EXPECT_EQ(RunInChild([&] {
              EnterJail();
              ASSERT_TRUE(testing::GiveUpRights());
              EXPECT_EQ(streams.try_acquire({}, {.limit = 1}).error().code, ErrorCode::kLimitReached);
              EXPECT_TRUE(streams.try_acquire({}, {.limit = 2}).ok());
            }),
            0);
  EXPECT_FALSE(std::filesystem::exists(jail_.path() + LockFile())) << "it was made inside";
}

// Fault L2.
TEST_F(LockFileTest, AfterTheLockFileWasRemovedAJailedWorkerDecidesNothing) {
  const LeaseGaugeFamily streams = OpenShared().lease_gauge({.name = "streams"});
  EXPECT_EQ(RunInChild([&] {
              std::filesystem::remove(LockFile());
              EnterJail();
              ExpectNotOpenable(streams, "it was removed");
            }),
            0);
  ExpectCounted(1);
  EXPECT_TRUE(streams.try_acquire({}, {.limit = 1}).ok()) << "outside another is made";
}

// Fault L2.
TEST_F(LockFileTest, ALockFileBesideAMountedFileIsNotTheHosts) {
  if (!testing::CanMount(folder_)) GTEST_SKIP() << "this user may not mount";
  ASSERT_TRUE(OpenShared().status().attached);
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::EnterMountNamespace());
              const std::string place = jail_ / "segment.v1";
              std::ofstream(place).flush();
              ASSERT_EQ(mount(segment_.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
              ExpectNotOpenable(Registry::open({.segment = place}).lease_gauge({.name = "streams"}),
                                "out of reach");
              EXPECT_FALSE(std::filesystem::exists(place + ".lock"));
            }),
            0);
  ExpectCounted(1);
}

// Fault L4.
TEST_F(LockFileTest, OneThatCannotBeMadeIsRefusedByNameAndCounted) {
  ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
  const LeaseGaugeFamily streams = OpenShared().lease_gauge({.name = "streams"});
  EXPECT_EQ(RunInChild([&] {
              closefrom(3);
              std::filesystem::remove(LockFile());
              (void)streams.live({});  // it has a probe again
              std::filesystem::remove(LockFile());
              ASSERT_TRUE(testing::GiveUpRights());
              const Result<std::uint64_t> live = streams.live({});
              ASSERT_FALSE(live.ok());
              EXPECT_EQ(live.error().code, ErrorCode::kNotOpenable);
              EXPECT_THAT(live.error().message, HasSubstr("Permission denied"));
            }),
            0);
  ExpectCounted(1);
}

// A folder that anybody may write to: a stranger is there first.
TEST_F(LockFileTest, OneOfAStrangerIsRefusedByNameAndCounted) {
  constexpr gid_t kGroup = 12'345;
  ASSERT_EQ(chown(folder_.c_str(), 0, kGroup), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 02777), 0);
  ASSERT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::GiveUpRights());
              umask(0);
              std::ofstream(LockFile()).flush();
              ASSERT_EQ(chmod(LockFile().c_str(), 0660), 0);
            }),
            0);
  const LeaseGaugeFamily streams = OpenShared().lease_gauge({.name = "streams"});
  ExpectNotOpenable(streams, "uid 65534");
  ExpectCounted(1);
  std::filesystem::remove(LockFile());
  EXPECT_TRUE(streams.try_acquire({}, {.limit = 1}).ok());
}

TEST_F(LockFileTest, OneThatTheWorldMayLockIsRefused) {
  ASSERT_TRUE(OpenShared().status().attached);
  ASSERT_EQ(chmod(LockFile().c_str(), 0666), 0);
  EXPECT_EQ(RunInChild([&] {
              closefrom(3);
              ExpectNotOpenable(OpenShared().lease_gauge({.name = "streams"}), "the world has access");
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
