// Faults L3 and L4. A master attaches as root and its workers give up their rights, or lose /proc. What they
// need was opened and asked while the rights were there. Where that cannot be, it is refused by name and
// counted.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <vector>

#include "shm/segment/memory_limit.h"
#include "shm/snapshot/snapshot.h"
#include "shmetrics/c.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/give_up_rights.h"
#include "tests/support/private_folder.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using ::testing::HasSubstr;
using testing::RunInChild;

class GivenUpRightsTest : public testing::RegistryFixture {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root has rights to give up";
  }

  /// The message of the first refusal with this code.
  static std::string FirstRefusal(const Registry& registry, ErrorCode code) {
    for (const RefusalStatus& refusal : registry.status().refusals) {
      if (refusal.code == code) return refusal.first;
    }
    return {};
  }
};

// Fault L4.
TEST_F(GivenUpRightsTest, WorkersOfAMasterThatIsRootShowGaugesHoldLeasesAndAreListedUntilTheyDie) {
  Registry& registry = Open();
  const GaugeFamily load = registry.gauge({.name = "load"});
  const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
  const testing::SharedPage<std::atomic<int>> ready;
  std::vector<Child> workers;
  for (int i = 0; i < 3; i++) {
    workers.emplace_back([&] {
      ASSERT_TRUE(testing::GiveUpRights());
      load.set(2);
      const Result<Lease> lease = streams.try_acquire({}, {.limit = 3});
      EXPECT_TRUE(lease.ok()) << lease.error().message;
      EXPECT_EQ(registry.status().refusals.size(), 0U);
      (*ready)++;
      pause();
    });
  }
  testing::WaitUntil([&] { return *ready == 3; });
  EXPECT_EQ(Read().Gauge("load"), 6);
  EXPECT_EQ(Read().Gauge("streams"), 3);
  EXPECT_EQ(Read().AliveWorkers(), 3U);
  workers[0].Kill();
  EXPECT_EQ(Read().Gauge("streams"), 2) << "the kernel told of its death";
  EXPECT_TRUE(streams.try_acquire({}, {.limit = 3}).ok()) << "and its lease is free";
  EXPECT_EQ(Read().AliveWorkers(), 3U) << "two of them, and this process, which has asked for a lease";
}

// Fault L4.
TEST_F(GivenUpRightsTest, AProcessThatGivesThemUpItselfWorksToo) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              ASSERT_TRUE(testing::GiveUpRights());
              registry.gauge({.name = "load"}).set(2);
              EXPECT_TRUE(registry.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1}).ok());
              EXPECT_EQ(registry.status().refusals.size(), 0U);
            }),
            0);
}

// Fault L4.
TEST_F(GivenUpRightsTest, AChildThatWasForkedWithoutThemIsRefusedByNameAndCounted) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              const GaugeFamily load = registry.gauge({.name = "load"});
              ASSERT_TRUE(testing::GiveUpRights());
              EXPECT_EQ(RunInChild([&] {
                          load.set(2);
                          const std::string message = FirstRefusal(registry, ErrorCode::kNotOpenable);
                          EXPECT_THAT(message, HasSubstr("Permission denied"));
                          EXPECT_THAT(message, HasSubstr("uid 65534"));
                          EXPECT_THAT(message, HasSubstr("mode 0600, uid 0"));
                          const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
                          const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
                          ASSERT_FALSE(lease.ok());
                          EXPECT_EQ(lease.error().code, ErrorCode::kNotOpenable);
                          EXPECT_EQ(lease.error().message, message) << "the cause is told each time";
                        }),
                        0);
            }),
            0);
  EXPECT_EQ(Read().Refusals(shm::layout::Refusal::kNotOpenable), 1U) << "one attempt a second";
}

// Fault L4. What client-lib/README.md says of such children.
TEST_F(GivenUpRightsTest, AChildThatWasForkedWithoutThemCountsSpendsMinutesAndSeesLeases) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"n"}});
              const LeaseGaugeFamily streams = registry.lease_gauge({.name = "streams"});
              const audio::Quota quota(registry);
              ASSERT_TRUE(testing::GiveUpRights());
              const Result<Lease> held = streams.try_acquire({});
              ASSERT_TRUE(held.ok()) << held.error().message;
              EXPECT_EQ(RunInChild([&] {
                          requests.with({"new"}).inc();
                          EXPECT_EQ(testing::LiveOf(streams), 1U);
                          EXPECT_TRUE(quota.consume_daily_minutes("42", 30).ok());
                          EXPECT_EQ(quota.consume_daily_minutes("42", 1).error().code,
                                    ErrorCode::kDailyMinutes);
                          EXPECT_EQ(quota.try_start_stream("42").error().code, ErrorCode::kNotOpenable);
                        }),
                        0);
            }),
            0);
  EXPECT_EQ(Read().Counter("requests_total{n=\"new\"}"), 1U);
}

// Fault L4.
TEST_F(GivenUpRightsTest, InCSettingAGaugeSaysWhyNoScrapeShowsIt) {
  EXPECT_EQ(RunInChild([&] {
              shmetrics_registry_options options{};
              options.size = sizeof options;
              options.segment = segment_.c_str();
              shmetrics_registry* registry = nullptr;
              ASSERT_EQ(shmetrics_registry_open(&options, &registry, nullptr), SHMETRICS_OK);
              shmetrics_family_options named{};
              named.size = sizeof named;
              named.name = "load";
              shmetrics_family* family = nullptr;
              ASSERT_EQ(shmetrics_gauge_family(registry, &named, SHMETRICS_GAUGE_SUM, &family, nullptr),
                        SHMETRICS_OK);
              shmetrics_gauge* gauge = nullptr;
              ASSERT_EQ(shmetrics_gauge_with(family, nullptr, 0, &gauge), SHMETRICS_OK);
              ASSERT_TRUE(testing::GiveUpRights());
              EXPECT_EQ(RunInChild([&] {
                          EXPECT_EQ(shmetrics_gauge_set(gauge, 1), SHMETRICS_NOT_OPENABLE);
                          EXPECT_EQ(shmetrics_gauge_add(gauge, 1), SHMETRICS_NOT_OPENABLE);
                        }),
                        0);
              EXPECT_EQ(RunInChild([&] {
                          closefrom(3);
                          EXPECT_EQ(shmetrics_gauge_set(gauge, 1), SHMETRICS_ABSENT);
                        }),
                        0);
            }),
            0);
  EXPECT_EQ(Read().Gauge("load"), std::nullopt);
}

// Fault L4.
TEST_F(GivenUpRightsTest, ADescriptorWhoseNumberTheApplicationHasTakenIsNeitherUsedNorClosed) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              closefrom(3);
              std::vector<int> taken;
              for (int i = 0; i < 8; i++) taken.push_back(open("/dev/null", O_RDWR));
              registry.gauge({.name = "load"}).set(2);
              EXPECT_TRUE(registry.lease_gauge({.name = "streams"}).try_acquire({}, {.limit = 1}).ok());
              EXPECT_EQ(Read().Gauge("load"), 2);
              for (const int fd : taken) EXPECT_EQ(close(fd), 0);
            }),
            0);
}

// Fault L3.
TEST_F(GivenUpRightsTest, WithoutProcAChildThatDoesNotKnowItsNamespacesIsRefusedLeasesByName) {
  const testing::PrivateFolder jail;
  EXPECT_EQ(RunInChild([&] {
              const LeaseGaugeFamily streams = Open().lease_gauge({.name = "streams"});
              ASSERT_EQ(chroot(jail.path().c_str()) + chdir("/"), 0);
              EXPECT_TRUE(streams.try_acquire({}, {.limit = 1}).ok()) << "this process has asked early";
              EXPECT_EQ(RunInChild([&] {
                          closefrom(3);
                          const Result<Lease> lease = streams.try_acquire({}, {.limit = 1});
                          ASSERT_FALSE(lease.ok());
                        }),
                        0);
              EXPECT_EQ(RunInChild([&] {
                          const Result<std::uint64_t> live = streams.live({});
                          ASSERT_FALSE(live.ok());
                          EXPECT_EQ(live.error().code, ErrorCode::kUnknown);
                          EXPECT_THAT(live.error().message, HasSubstr("/proc/self/ns/time"));
                        }),
                        0);
            }),
            0);
  EXPECT_GE(Read().Refusals(shm::layout::Refusal::kUnknown), 1U);
}

// Fault L3.
TEST_F(GivenUpRightsTest, WithoutADescriptorToReadTheMemoryLimitNothingIsCommitted) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UndefinedBehaviorSanitizer needs descriptors to find out whether memory can be read";
#endif
  EXPECT_EQ(RunInChild([&] {
              alignas(4'096) static char page[4'096];
              const rlimit none{0, 0};
              ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
              const Result<void> committed = shm::CommitPages(page, sizeof page);
              ASSERT_FALSE(committed.ok());
              EXPECT_EQ(committed.error().code, ErrorCode::kUnknown);
              EXPECT_THAT(committed.error().message, HasSubstr("/proc/self/cgroup cannot be read"));
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
