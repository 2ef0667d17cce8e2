// Fault L2. The segment's file is removed or renamed, or another is put into its place. Those who see that move
// to the next segment. Those who do not, because they sit in a jail or have just looked, are told in the old
// one: nobody decides there any more. Who sees only a file of its own tells nobody.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using shm::layout::Refusal;
using testing::Child;
using ::testing::HasSubstr;
using testing::LiveOf;
using testing::RunInChild;

class GivenUpSegmentTest : public testing::RegistryFixture {
 protected:
  void RenameFile() const { std::filesystem::rename(segment_, segment_ + ".old"); }

  /// What a child does when the test lets it. It attaches before, and does `enter`.
  struct Later {
    Child process;
    std::function<void()> let_go;
  };
  Later AfterLetGo(const std::function<void()>& enter,
                   const std::function<void(Registry&, const LeaseGaugeFamily&)>& body) {
    const auto shared = std::make_shared<testing::SharedPage<std::atomic<int>>>();
    std::atomic<int>& stage = **shared;
    Child process([&] {
      Registry& registry = Open();
      const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
      ASSERT_TRUE(streams.live({}).ok());
      enter();
      stage = 1;
      testing::WaitUntil([&] { return stage == 2; });
      body(registry, streams);
    });
    testing::WaitUntil([&] { return stage == 1; });
    return {std::move(process), [shared] { **shared = 2; }};
  }
  /// Returns after the next tick of the kernel's clock.
  static void WaitForTick() {
    const std::int64_t before = shm::NowNs(CLOCK_MONOTONIC_COARSE);
    testing::WaitUntil([&] { return shm::NowNs(CLOCK_MONOTONIC_COARSE) != before; });
  }
  /// Makes a process look at the path now.
  static void Look(Registry& registry) {
    static int looks = 0;
    registry.counter({.name = "looks_total", .labels = {"n"}}).with({std::to_string(looks++)}).inc();
  }
  bool MayJail() const { return geteuid() == 0 && testing::CanMount(folder_); }
  void Jail() const { ASSERT_EQ(chroot(jail_.path().c_str()) + chdir("/"), 0); }

  const testing::PrivateFolder jail_;
};

TEST_F(GivenUpSegmentTest, ADecisionRightAfterTheRemovalIsMadeInTheNextSegment) {
  Registry& registry = Open();
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  const audio::Quota quota(registry);
  ASSERT_TRUE(streams.live({}).ok());
  std::filesystem::remove(segment_);
  WaitForTick();
  const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
  ASSERT_TRUE(lease.ok()) << lease.error().message;
  ASSERT_TRUE(std::filesystem::exists(segment_)) << "it was granted in the removed file";
  EXPECT_EQ(Read().Gauge("streams"), 1.0);
}

TEST_F(GivenUpSegmentTest, MinutesRightAfterTheRemovalAreSpentInTheNextSegment) {
  const audio::Quota quota(Open());
  ASSERT_TRUE(quota.consume_daily_minutes("42", 29).ok());
  std::filesystem::remove(segment_);
  WaitForTick();
  ASSERT_TRUE(quota.consume_daily_minutes("42", 20).ok());
  ASSERT_TRUE(std::filesystem::exists(segment_)) << "they were spent in the removed file";
  EXPECT_EQ(RunInChild([&] {
              EXPECT_EQ(audio::Quota(Open()).consume_daily_minutes("42", 20).error().code,
                        ErrorCode::kDailyMinutes);
            }),
            0);
}

TEST_F(GivenUpSegmentTest, OneThatHasMovedTellsThoseThatHaveJustLooked) {
  Registry& registry = Open();
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  auto other = AfterLetGo([] {},
                          [&](Registry&, const LeaseGaugeFamily& theirs) {
                            const Result<Lease> lease = theirs.try_acquire({}, {.limit = 1});
                            ASSERT_FALSE(lease.ok()) << "granted in the renamed file";
                            EXPECT_EQ(lease.error().code, ErrorCode::kLimitReached);
                          });
  RenameFile();
  Look(registry);
  const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
  EXPECT_TRUE(lease.ok());
  other.let_go();
  EXPECT_EQ(other.process.Wait(), 0);
}

TEST_F(GivenUpSegmentTest, OneInAJailStopsDecidingInARenamedFile) {
  if (!MayJail()) GTEST_SKIP() << "this user may not chroot";
  Registry& registry = Open();
  testing::SegmentReading reading = Read();
  auto jailed = AfterLetGo([&] { Jail(); },
                           [](Registry& inside, const LeaseGaugeFamily& streams) {
                             const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
                             ASSERT_FALSE(lease.ok());
                             EXPECT_EQ(lease.error().code, ErrorCode::kAbsent);
                             EXPECT_THAT(lease.error().message, HasSubstr("given up for another"));
                             EXPECT_FALSE(streams.live({}).ok());
                             EXPECT_THAT(inside.status().error, HasSubstr("given up for another"));
                             EXPECT_EQ(audio::Quota(inside).consume_daily_minutes("42", 1).error().code,
                                       ErrorCode::kAbsent);
                           });
  RenameFile();
  Look(registry);
  jailed.let_go();
  EXPECT_EQ(jailed.process.Wait(), 0);
  EXPECT_GE(reading.Again().Refusals(Refusal::kAbsent), 2U);
}

TEST_F(GivenUpSegmentTest, OneInAJailGoesOnInARenamedFileAsLongAsNobodyHasAnother) {
  if (!MayJail()) GTEST_SKIP() << "this user may not chroot";
  auto jailed = AfterLetGo([&] { Jail(); },
                           [](Registry&, const LeaseGaugeFamily& streams) {
                             EXPECT_TRUE(streams.try_acquire({}, {.limit = 1}).ok());
                           });
  RenameFile();
  jailed.let_go();
  EXPECT_EQ(jailed.process.Wait(), 0);
}

TEST_F(GivenUpSegmentTest, TheCreatorTellsAlsoWhenTheWholeFolderWasRenamed) {
  if (!MayJail()) GTEST_SKIP() << "this user may not chroot";
  const std::string folder = folder_ + "/below";
  std::filesystem::create_directory(folder);
  segment_ = folder + "/segment.v1";
  Registry& registry = Open();
  auto jailed =
      AfterLetGo([&] { Jail(); },
                 [](Registry&, const LeaseGaugeFamily& streams) {
                   EXPECT_EQ(streams.try_acquire({}, {.limit = 1}).error().code, ErrorCode::kAbsent);
                 });
  std::filesystem::rename(folder, folder + ".old");
  std::filesystem::create_directory(folder);
  Look(registry);
  EXPECT_TRUE(std::filesystem::exists(segment_));
  jailed.let_go();
  EXPECT_EQ(jailed.process.Wait(), 0);
}

// As in a container: the process has attached under mounts of its own, and these change.
TEST_F(GivenUpSegmentTest, AProcessThatLosesTheFolderByItsOwnMountsDecidesNothingAndTellsNobody) {
  if (!MayJail()) GTEST_SKIP() << "this user may not mount";
  ASSERT_EQ(RunInChild([&] { Open(); }), 0);
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::EnterMountNamespace());
              Registry& registry = Open();
              const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
              ASSERT_TRUE(registry.status().attached);
              ASSERT_TRUE(testing::MountTmpfs(folder_, "64m"));
              for (int i = 0; i < 2; i++) {
                Look(registry);
                const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
                ASSERT_FALSE(lease.ok());
                EXPECT_EQ(lease.error().code, ErrorCode::kAbsent);
                EXPECT_THAT(registry.status().error, HasSubstr("cannot be found out"));
                std::ofstream(segment_) << "another file";
              }
            }),
            0);
  EXPECT_GE(Read().Refusals(Refusal::kAbsent), 2U);
  EXPECT_TRUE(Open().lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1}).ok())
      << "the host still has it";
}

TEST_F(GivenUpSegmentTest, AProcessThatHadTheFileMountedByItselfTellsNobody) {
  if (!MayJail()) GTEST_SKIP() << "this user may not mount";
  const LeaseGaugeFamily streams = Open().lease_gauge({.name = "streams"});
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::EnterMountNamespace());
              const std::string place = jail_ / "segment.v1";
              std::ofstream(place).flush();
              ASSERT_EQ(mount(segment_.c_str(), place.c_str(), nullptr, MS_BIND, nullptr), 0);
              Registry& registry = Registry::open({.segment = place});
              ASSERT_TRUE(registry.status().attached) << registry.status().error;
              ASSERT_EQ(umount2(place.c_str(), MNT_DETACH) + unlink(place.c_str()), 0);
              Look(registry);
              EXPECT_EQ(registry.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1}).error().code,
                        ErrorCode::kAbsent);
              EXPECT_FALSE(std::filesystem::exists(place)) << "a segment of this process alone";
            }),
            0);
  EXPECT_TRUE(streams.try_acquire({}, {.limit = 1}).ok()) << "the host still has it";
}

TEST_F(GivenUpSegmentTest, AFileThatIsRenamedBackStaysGivenUpAndSaysSo) {
  Registry& registry = Open();
  RenameFile();
  Look(registry);
  ASSERT_TRUE(std::filesystem::exists(segment_));
  std::filesystem::rename(segment_ + ".old", segment_);
  EXPECT_EQ(RunInChild([&] {
              Registry& fresh = Open();
              const Result<Lease> lease =
                  fresh.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1});
              ASSERT_FALSE(lease.ok());
              EXPECT_THAT(lease.error().message, HasSubstr("remove the file"));
              EXPECT_THAT(fresh.status().error, HasSubstr("remove the file"));
            }),
            0);
}

const char* deadly_point = nullptr;

class MovingDeathTest : public GivenUpSegmentTest, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(EachRung, MovingDeathTest,
                         ::testing::Values("segment_successor_found", "segment_given_up"));

TEST_P(MovingDeathTest, WhoeverDiesOnTheWayLeavesOneSegmentToDecideIn) {
  Registry& registry = Open();
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  auto dying = AfterLetGo([] {},
                          [](Registry& theirs, const LeaseGaugeFamily&) {
                            deadly_point = GetParam();
                            shm::crash_point_hook = [](const char* name) {
                              if (std::strcmp(name, deadly_point) == 0) raise(SIGKILL);
                            };
                            Look(theirs);
                          });
  RenameFile();
  dying.let_go();
  EXPECT_EQ(dying.process.Wait(), 128 + SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(segment_));
  Look(registry);
  const Result<Lease> held = streams.try_acquire({}, {.limit = 1});
  EXPECT_TRUE(held.ok());
  EXPECT_EQ(RunInChild([&] {
              const LeaseGaugeFamily fresh = Open().lease_gauge({.name = "streams"});
              EXPECT_EQ(LiveOf(fresh), 1U) << "both decide in one segment";
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
