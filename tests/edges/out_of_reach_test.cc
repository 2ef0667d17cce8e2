// Fault L2. A process that was attached can no longer reach the path: it sits in a chroot, in another mount
// namespace, or the folder is gone. It decides in the segment that the others use, or it says that nothing
// was decided.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/give_up_rights.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/private_folder.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using audio::Quota;
using testing::Child;
using ::testing::HasSubstr;
using testing::RunInChild;

constexpr int kWorkers = 4;

class OutOfReachTest : public testing::RegistryFixture {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root may chroot";
  }

  /// Forks workers of an attached master. Each does `leave`, asks for the only lease and stays. Returns how
  /// many were let in.
  template <typename Leave>
  int LetInAfter(const Leave& leave) const {
    const LeaseGaugeFamily streams = Open().lease_gauge({.name = "streams", .labels = {"user"}});
    const GaugeFamily load = Open().gauge({.name = "load"});
    const testing::SharedPage<std::atomic<int>> asked, let_in;
    std::vector<Child> workers;
    for (int i = 0; i < kWorkers; i++) {
      workers.emplace_back([&] {
        leave();
        load.set(1);
        const Result<Lease> lease = streams.try_acquire({"42"}, {.limit = 1});
        if (lease.ok()) {
          (*let_in)++;
        } else {
          EXPECT_EQ(lease.error().code, ErrorCode::kLimitReached) << lease.error().message;
        }
        (*asked)++;
        pause();
      });
      testing::WaitUntil([&] { return *asked == i + 1; });
    }
    EXPECT_EQ(Read().Gauge("load"), kWorkers) << "their gauges are shown";
    EXPECT_EQ(Read().Gauge(R"(streams{user="42"})"), *let_in);
    return *let_in;
  }
};

TEST_F(OutOfReachTest, WorkersThatChrootAfterForkShareOneLimit) {
  const testing::PrivateFolder jail;
  EXPECT_EQ(LetInAfter([&] { ASSERT_EQ(chroot(jail.path().c_str()) + chdir("/"), 0); }), 1);
}

TEST_F(OutOfReachTest, WorkersThatChrootAndGiveUpTheirRightsShareOneLimit) {
  const testing::PrivateFolder jail;
  EXPECT_EQ(LetInAfter([&] {
              ASSERT_EQ(chroot(jail.path().c_str()) + chdir("/"), 0);
              ASSERT_TRUE(testing::GiveUpRights());
            }),
            1);
}

TEST_F(OutOfReachTest, WorkersWhoseFolderIsHiddenByAnotherMountShareOneLimit) {
  if (!testing::CanMount(folder_)) GTEST_SKIP() << "this user may not mount";
  EXPECT_EQ(LetInAfter([&] {
              ASSERT_TRUE(testing::EnterMountNamespace());
              ASSERT_TRUE(testing::MountTmpfs(folder_, "64k"));
            }),
            1);
}

TEST_F(OutOfReachTest, AProcessThatChrootsItselfGoesOnInTheSameSegment) {
  const testing::PrivateFolder jail;
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
              ASSERT_EQ(chroot(jail.path().c_str()) + chdir("/"), 0);
              const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
              ASSERT_TRUE(lease.ok()) << lease.error().message;
              EXPECT_EQ(streams.try_acquire({}, {.limit = 1}).error().code, ErrorCode::kLimitReached);
              EXPECT_EQ(registry.status().error, "");
            }),
            0);
}

TEST_F(OutOfReachTest, WithoutTheFolderNothingIsDecidedAndTheSegmentCountsIt) {
  Registry& registry = Open();
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams", .labels = {"user"}});
  const Quota quota(registry);
  testing::SegmentReading reading = Read();
  std::filesystem::remove_all(folder_);
  EXPECT_EQ(RunInChild([&] {
              for (const ErrorCode code :
                   {streams.try_acquire({"42"}, {.limit = 1}).error().code,
                    quota.try_start_stream("42").error().code, quota.try_start_job("42").error().code,
                    quota.consume_daily_minutes("42", 1).error().code,
                    quota.check_daily_minutes("42", 1).error().code, quota.tier("42").error().code,
                    streams.live({"42"}).error().code}) {
                EXPECT_EQ(code, ErrorCode::kAbsent);
              }
            }),
            0);
  EXPECT_GE(reading.Again().Refusals(shm::layout::Refusal::kAbsent), 3U);
}

TEST_F(OutOfReachTest, WithoutPathAndDescriptorNothingIsDecided) {
  const testing::PrivateFolder jail;
  EXPECT_EQ(RunInChild([&] {
              const LeaseGaugeFamily streams = Open().lease_gauge({.name = "streams"});
              ASSERT_EQ(chroot(jail.path().c_str()) + chdir("/"), 0);
              closefrom(3);  // as daemons do
              const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
              ASSERT_FALSE(lease.ok());
              EXPECT_EQ(lease.error().code, ErrorCode::kAbsent);
              EXPECT_THAT(lease.error().message, HasSubstr("cannot be found out whether"));
            }),
            0);
  EXPECT_GE(Read().Refusals(shm::layout::Refusal::kAbsent), 1U);
}

TEST_F(OutOfReachTest, AProcessThatNeverHadASegmentDecidesNothingUnlessItAsksForThat) {
  const RegistryOptions nowhere{.segment = folder_ + "/no/such/folder/segment.v1"};
  Registry& registry = Registry::open(nowhere);
  const Quota quota(registry);
  const Result<Lease> refused = registry.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kAbsent);
  EXPECT_THAT(refused.error().message, HasSubstr("nothing was decided"));
  EXPECT_EQ(quota.try_start_stream("42").error().code, ErrorCode::kAbsent);
  EXPECT_EQ(quota.consume_daily_minutes("42", 1).error().code, ErrorCode::kAbsent);
  EXPECT_FALSE(registry.status().decides_privately);
}

TEST_F(OutOfReachTest, PrivateDecisionsEndWithTheFirstSegmentAndDoNotComeBack) {
  RegistryOptions options = Options();
  options.private_decisions = true;
  options.segment = folder_ + "/late/segment.v1";
  Registry& registry = Registry::open(options);
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  EXPECT_TRUE(streams.try_acquire({}, {.limit = 1}).ok());
  EXPECT_TRUE(registry.status().decides_privately);
  std::filesystem::create_directory(folder_ + "/late");
  testing::WaitUntil([&] {
    (void)streams.try_acquire({}, {.limit = 1});
    return registry.status().attached;
  });
  EXPECT_FALSE(registry.status().decides_privately);
  std::filesystem::remove_all(folder_ + "/late");
  EXPECT_EQ(RunInChild([&] {
              testing::WaitUntil([&] { return !streams.try_acquire({}, {.limit = 1}).ok(); });
              EXPECT_EQ(streams.try_acquire({}, {.limit = 1}).error().code, ErrorCode::kAbsent);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
