// Fault L2. A process that was attached sits in a jail: a chroot or another mount namespace. There the path of
// its segment may lead to another file, which somebody else has put there. It decides in the segment that its
// host shares, or it says that nothing was decided.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using ::testing::HasSubstr;
using testing::LiveOf;
using testing::RunInChild;

enum class Jail { kChroot, kChrootWithProc, kOtherMounts };

class JailTest : public testing::RegistryFixture, public ::testing::WithParamInterface<Jail> {
 protected:
  void SetUp() override {
    if (geteuid() != 0 || !testing::CanMount(folder_)) GTEST_SKIP() << "this user may not chroot and mount";
    std::filesystem::create_directories(jail_.path() + folder_);
    std::filesystem::create_directories(jail_.path() + "/proc");
  }

  /// Another program makes a segment where the path leads in the jail.
  void MakeASegmentInTheJail() const {
    EXPECT_EQ(RunInChild([&] {
                RegistryOptions options = Options();
                options.segment = jail_.path() + segment_;
                EXPECT_TRUE(Registry::open(options).status().attached);
              }),
              0);
  }

  void Chroot() const { ASSERT_EQ(chroot(jail_.path().c_str()) + chdir("/"), 0); }
  /// The jail has /proc, so that a segment could be made there.
  void ChrootWithProc() const {
    ASSERT_TRUE(testing::EnterMountNamespace());
    ASSERT_EQ(mount("/proc", (jail_ / "proc").c_str(), nullptr, MS_BIND, nullptr), 0);
    Chroot();
  }
  /// Only what is below the segment's folder changes.
  void HideTheFolder() const {
    ASSERT_TRUE(testing::EnterMountNamespace());
    ASSERT_EQ(mount((jail_.path() + folder_).c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  void Enter() const {
    switch (GetParam()) {
      case Jail::kChroot:
        return Chroot();
      case Jail::kChrootWithProc:
        return ChrootWithProc();
      case Jail::kOtherMounts:
        return HideTheFolder();
    }
  }
  LeaseGaugeFamily Streams() const { return Open().lease_gauge({.name = "streams"}); }

  const testing::PrivateFolder jail_;
};

INSTANTIATE_TEST_SUITE_P(EachJail, JailTest,
                         ::testing::Values(Jail::kChroot, Jail::kChrootWithProc, Jail::kOtherMounts));

TEST_P(JailTest, ASegmentAtThePathInsideIsNotTheHosts) {
  MakeASegmentInTheJail();
  Registry& registry = Open();
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  const GaugeFamily load = registry.gauge({.name = "load"});
  const Result<Lease> only = streams.try_acquire({}, {.limit = 1});
  ASSERT_TRUE(only.ok());
  const auto expect_the_hosts = [&] {
    load.set(7);
    const Result<Lease> second = streams.try_acquire({}, {.limit = 1});
    ASSERT_FALSE(second.ok()) << "granted in the segment inside";
    EXPECT_EQ(registry.status().error, "");
  };
  EXPECT_EQ(RunInChild([&] {
              Enter();
              expect_the_hosts();
              EXPECT_EQ(RunInChild(expect_the_hosts), 0) << "in a child forked inside";
            }),
            0);
  EXPECT_EQ(testing::Read(jail_.path() + segment_).Gauge("load"), std::nullopt);
}

TEST_P(JailTest, AfterTheHostsSegmentIsGoneNothingIsDecidedAndNoneIsMadeInside) {
  Registry& registry = Open();
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  testing::SegmentReading reading = Read();
  const testing::SharedPage<std::atomic<int>> stage;
  const auto expect_nothing_decided = [&] {
    const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
    ASSERT_FALSE(lease.ok());
    EXPECT_EQ(lease.error().code, ErrorCode::kAbsent);
    EXPECT_THAT(lease.error().message, HasSubstr("its successor is out of reach"));
    EXPECT_FALSE(streams.live({}).ok());
    EXPECT_THAT(registry.status().error, HasSubstr("its successor is out of reach"));
  };
  Child jailed([&] {
    Enter();
    for (int asked = 1; asked <= 5; asked += 2) {
      *stage = asked;
      testing::WaitUntil([&] { return *stage == asked + 1; });
      if (asked == 5) return;
      testing::retry_clock_ahead_seconds += 2;
      expect_nothing_decided();
      EXPECT_EQ(RunInChild(expect_nothing_decided), 0) << "in a child forked inside";
    }
  });
  testing::WaitUntil([&] { return *stage == 1; });
  std::filesystem::remove(segment_);
  *stage = 2;
  testing::WaitUntil([&] { return *stage == 3; });
  EXPECT_FALSE(std::filesystem::exists(jail_.path() + segment_));
  MakeASegmentInTheJail();
  *stage = 4;
  testing::WaitUntil([&] { return *stage == 5; });
  *stage = 6;
  EXPECT_EQ(jailed.Wait(), 0);
  EXPECT_GE(reading.Again().Refusals(shm::layout::Refusal::kAbsent), 8U);
}

// Whoever wants a jailed process to go on after that gives it the segment's folder.
TEST_P(JailTest, AJailThatHasTheFolderFollowsTheHost) {
  if (GetParam() == Jail::kChroot) return;  // without /proc no segment can be attached to
  const LeaseGaugeFamily streams = Streams();
  const testing::SharedPage<std::atomic<int>> stage;
  Child jailed([&] {
    ASSERT_TRUE(testing::EnterMountNamespace());
    ASSERT_EQ(mount(folder_.c_str(), (jail_.path() + folder_).c_str(), nullptr, MS_BIND, nullptr), 0);
    Enter();
    *stage = 1;
    testing::WaitUntil([&] { return *stage == 2; });
    Result<Lease> lease = streams.try_acquire({}, {.limit = 2});
    EXPECT_TRUE(lease.ok()) << lease.error().message;
    *stage = 3;
    pause();
  });
  testing::WaitUntil([&] { return *stage == 1; });
  std::filesystem::remove(segment_);
  testing::WaitUntil([&] {
    (void)streams.live({});
    return std::filesystem::exists(segment_);
  });
  *stage = 2;
  testing::WaitUntil([&] { return *stage == 3; });
  EXPECT_EQ(LiveOf(streams), 1U);
}

TEST_P(JailTest, ARegistryThatFoundNoSegmentOutsideLooksForNoneInside) {
  MakeASegmentInTheJail();
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              ASSERT_FALSE(registry.status().attached);
              std::filesystem::create_directory(folder_);
              Enter();
              testing::retry_clock_ahead_seconds += 2;
              const Result<Lease> lease =
                  registry.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1});
              ASSERT_FALSE(lease.ok());
              EXPECT_EQ(lease.error().code, ErrorCode::kAbsent);
              EXPECT_FALSE(registry.status().attached);
            }),
            0);
}

TEST_P(JailTest, AnotherRegistryOfTheSamePathLooksForNoneInsideEither) {
  MakeASegmentInTheJail();
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(Open().status().attached);
              Enter();
              Registry& second = Open();
              EXPECT_EQ(second.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1}).error().code,
                        ErrorCode::kAbsent);
              EXPECT_THAT(second.status().error, HasSubstr("would not be the host's"));
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
