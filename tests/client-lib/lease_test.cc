#include "shmetrics/lease.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using namespace std::chrono_literals;
using testing::Child;
using testing::RunInChild;
using testing::SharedPage;

class LeaseTest : public testing::RegistryFixture {
 protected:
  LeaseGaugeFamily Uploads() const {
    return Open().lease_gauge({.name = "uploads", .help = "Uploads in progress.", .labels = {"user_id"}});
  }
  std::optional<double> Shown() const { return Read().Gauge(R"(uploads{user_id="42"})"); }
};

TEST_F(LeaseTest, ALeaseIsLiveUntilItsHandleIsGone) {
  const LeaseGaugeFamily uploads = Uploads();
  {
    const Result<Lease> lease = uploads.try_acquire({"42"}, {.limit = 3, .ttl = 120s});
    ASSERT_TRUE(lease);
    EXPECT_TRUE(lease->live());
    EXPECT_EQ(Shown(), 1);
    EXPECT_EQ(uploads.live({"42"}).value(), 1U);
  }
  EXPECT_EQ(Shown(), std::nullopt);
  EXPECT_EQ(uploads.live({"42"}).value(), 0U);
}

TEST_F(LeaseTest, AMovedHandleHoldsTheLeaseAndTheOldOneNothing) {
  const LeaseGaugeFamily uploads = Uploads();
  Lease first = std::move(uploads.try_acquire({"42"}).value());
  Lease second = std::move(first);
  EXPECT_FALSE(first.live());   // NOLINT(bugprone-use-after-move): this is what is tested
  EXPECT_FALSE(first.renew());  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second.live());
  second = std::move(uploads.try_acquire({"42"}).value());
  EXPECT_EQ(Shown(), 1) << "what was assigned over has been released";
  Lease& self = second;
  second = std::move(self);
  EXPECT_TRUE(second.live());
  std::vector<Lease> many;
  for (int i = 0; i < 100; i++) many.push_back(std::move(uploads.try_acquire({"42"}).value()));
  EXPECT_EQ(Shown(), 101);
}

TEST_F(LeaseTest, AHandleWithoutALeaseAnswersEverythingWithNo) {
  Lease none;
  EXPECT_FALSE(none.live());
  EXPECT_FALSE(none.renew());
  EXPECT_FALSE(none.release());
}

TEST_F(LeaseTest, RenewAndReleaseSayWhetherTheLeaseHadEnded) {
  const LeaseGaugeFamily uploads = Uploads();
  Result<Lease> lease = uploads.try_acquire({"42"}, {.ttl = 1ms});
  ASSERT_TRUE(lease);
  std::this_thread::sleep_for(5ms);
  EXPECT_FALSE(lease->live());
  EXPECT_FALSE(lease->renew());
  EXPECT_FALSE(lease->release());
  lease = uploads.try_acquire({"42"}, {.ttl = 1h});
  EXPECT_TRUE(lease->renew());
  EXPECT_TRUE(lease->release());
  EXPECT_FALSE(lease->release());
  EXPECT_FALSE(lease->renew());
}

// Fault L18.
TEST_F(LeaseTest, TheLongestDurationOfEachUnitIsForEver) {
  for (const Duration ttl :
       {Duration(std::chrono::milliseconds::max()), Duration(std::chrono::seconds::max()),
        Duration(std::chrono::hours::max()), Duration(std::chrono::duration<double>::max())}) {
    EXPECT_EQ(ttl.nanoseconds(), std::chrono::nanoseconds::max());
    EXPECT_TRUE(Uploads().try_acquire({"42"}, {.ttl = ttl})->live());
  }
  EXPECT_EQ(Duration(90s).nanoseconds(), 90s);
}

TEST_F(LeaseTest, RefusalsNameTheirReason) {
  const LeaseGaugeFamily uploads = Uploads();
  EXPECT_EQ(uploads.try_acquire({"42"}, {.limit = 0}).error().code, ErrorCode::kLimitReached);
  EXPECT_EQ(uploads.try_acquire({"42"}, {.ttl = 0s}).error().code, ErrorCode::kBadOption);
  EXPECT_EQ(uploads.try_acquire({"42"}, {.ttl = -1s}).error().code, ErrorCode::kBadOption);
  EXPECT_EQ(uploads.try_acquire({"42", "too many"}).error().code, ErrorCode::kInvalidLabels);
  EXPECT_EQ(uploads.try_acquire({"\xff"}).error().code, ErrorCode::kInvalidLabels);
  EXPECT_EQ(uploads.live({"\xff"}).error().code, ErrorCode::kInvalidLabels);
  EXPECT_TRUE(uploads.try_acquire({"42"}, {.ttl = std::chrono::nanoseconds::max()}));
  EXPECT_EQ(uploads.try_acquire({"42"}, {.ttl = std::chrono::hours::min()}).error().code,
            ErrorCode::kBadOption);
}

TEST_F(LeaseTest, AFamilyThatWasRefusedGrantsNoLeases) {
  Registry& registry = Open();
  registry.gauge({.name = "uploads", .labels = {"user_id"}}, GaugeMode::sum);
  const LeaseGaugeFamily uploads = registry.lease_gauge({.name = "uploads", .labels = {"user_id"}});
  EXPECT_FALSE(uploads.ok());
  EXPECT_NE(uploads.error().find("mode leases"), std::string::npos) << uploads.error();
  EXPECT_EQ(uploads.try_acquire({"42"}).error().code, ErrorCode::kConflict);
}

TEST_F(LeaseTest, ALimitReachedIsNoRefusalOfTheSegment) {
  Registry& registry = Open();
  const LeaseGaugeFamily uploads = registry.lease_gauge({.name = "uploads", .labels = {"user_id"}});
  EXPECT_FALSE(uploads.try_acquire({"42"}, {.limit = 0}));
  EXPECT_TRUE(registry.status().refusals.empty());
  EXPECT_FALSE(registry.status().full);
}

TEST_F(LeaseTest, AFullTableIsInTheStatus) {
  Registry& registry = Registry::open({.segment = segment_, .lease_limit = 512, .ledger_limit = 512});
  const LeaseGaugeFamily uploads = registry.lease_gauge({.name = "uploads", .labels = {"user_id"}});
  std::vector<Lease> held;
  for (int i = 0; i < 512; i++) held.push_back(std::move(uploads.try_acquire({"42"}).value()));
  EXPECT_EQ(uploads.try_acquire({"42"}).error().code, ErrorCode::kLeaseTableFull);
  EXPECT_TRUE(registry.status().full);
  EXPECT_EQ(testing::RefusalsOf(registry, ErrorCode::kLeaseTableFull), 1U);
}

// Fault 15.
TEST_F(LeaseTest, AChildOwnsNoneOfItsParentsLeasesAndCannotEndThem) {
  const LeaseGaugeFamily uploads = Uploads();
  std::optional<Lease> lease(std::move(uploads.try_acquire({"42"}, {.limit = 2, .ttl = 1h}).value()));
  EXPECT_EQ(RunInChild([&] {
              EXPECT_FALSE(lease->live());
              EXPECT_FALSE(lease->renew());
              EXPECT_FALSE(lease->release());
              lease.reset();
              EXPECT_EQ(uploads.live({"42"}).value(), 1U) << "its parent's";
              const Result<Lease> own = uploads.try_acquire({"42"}, {.limit = 2});
              EXPECT_TRUE(own);
              EXPECT_FALSE(uploads.try_acquire({"42"}, {.limit = 2}));
              EXPECT_EQ(Read().AliveWorkers(), 2U);
              _exit(::testing::Test::HasFailure() ? 1 : 0);  // without releasing its own lease
            }),
            0);
  EXPECT_TRUE(lease->live());
  EXPECT_EQ(Shown(), 1);
  EXPECT_TRUE(uploads.try_acquire({"42"}, {.limit = 2}));
}

TEST_F(LeaseTest, ARawCloneIsRefusedLeasesBecauseItsMutexesWouldNotBeRobust) {
  const LeaseGaugeFamily uploads = Uploads();
  const auto child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (child == 0) {
    const Result<Lease> lease = uploads.try_acquire({"42"});
    _exit(!lease && lease.error().code == ErrorCode::kForeignNamespace ? 0 : 1);
  }
  EXPECT_EQ(Child(child).Wait(), 0);
  EXPECT_TRUE(uploads.try_acquire({"42"}));
}

TEST_F(LeaseTest, AParentsDeathEndsItsLeasesThoughItsChildLives) {
  const SharedPage<std::atomic<int>> step;
  Child parent([&] {
    const Result<Lease> lease = Uploads().try_acquire({"42"});
    if (fork() == 0) {
      testing::DieWithParent();
      step->store(1);
      for (;;) pause();
    }
    for (;;) pause();
  });
  testing::WaitUntil([&] { return step->load() == 1; });
  EXPECT_EQ(Shown(), 1);
  parent.Kill();
  EXPECT_EQ(Shown(), std::nullopt);
}

// Fault 7.
TEST_F(LeaseTest, AWorkerStoppedPastItsTtlFindsItsLeaseGoneAndNobodyWasOverAdmitted) {
  const SharedPage<std::atomic<int>> step;
  Child stopped([&] {
    Result<Lease> lease = Uploads().try_acquire({"42"}, {.limit = 1, .ttl = 50ms});
    step->store(1);
    testing::WaitUntil([&] { return step->load() == 2; });
    EXPECT_FALSE(lease->renew());
    EXPECT_FALSE(lease->release());
    EXPECT_FALSE(Uploads().try_acquire({"42"}, {.limit = 1})) << "its place is another's";
  });
  testing::WaitUntil([&] { return step->load() == 1; });
  stopped.Signal(SIGSTOP);
  const LeaseGaugeFamily uploads = Uploads();
  Result<Lease> successor = Lease();
  testing::WaitUntil([&] {
    successor = uploads.try_acquire({"42"}, {.limit = 1});
    return successor.ok();
  });
  step->store(2);
  stopped.Signal(SIGCONT);
  EXPECT_EQ(stopped.Wait(), 0);
  EXPECT_TRUE(successor->live());
  EXPECT_EQ(Shown(), 1);
}

// Fault 26.
TEST_F(LeaseTest, LeasesOfARemovedSegmentGoOnThereAndNewOnesAreTakenInTheNext) {
  const LeaseGaugeFamily uploads = Uploads();
  Result<Lease> old = uploads.try_acquire({"42"}, {.ttl = 1h});
  ASSERT_TRUE(old);
  testing::SegmentReading reading_old = Read();
  std::filesystem::remove(segment_);
  Result<Lease> fresh = Lease();
  testing::WaitUntil([&] {
    fresh = uploads.try_acquire({"42"}, {.ttl = 1h});
    return std::filesystem::exists(segment_);
  });
  EXPECT_EQ(Shown(), 1);
  EXPECT_TRUE(old->renew());
  EXPECT_EQ(reading_old.Again().Gauge(R"(uploads{user_id="42"})"), 1) << "its owner is alive there too";
  EXPECT_TRUE(old->release());
  EXPECT_EQ(reading_old.Again().Gauge(R"(uploads{user_id="42"})"), std::nullopt);
  EXPECT_EQ(reading_old.Again().AliveWorkers(), 0U) << "nothing keeps it there any more";
}

class LeaseWithoutSegmentTest : public LeaseTest {
 protected:
  LeaseGaugeFamily Detached() const {
    return Registry::open({.segment = folder_ + "/no/such/folder/segment", .private_decisions = true})
        .lease_gauge({.name = "uploads", .labels = {"user_id"}});
  }
};

TEST_F(LeaseWithoutSegmentTest, LimitsBindThisProcess) {
  const LeaseGaugeFamily uploads = Detached();
  Result<Lease> first = uploads.try_acquire({"42"}, {.limit = 1, .ttl = 1h});
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->live());
  EXPECT_TRUE(first->renew());
  EXPECT_EQ(uploads.live({"42"}).value(), 1U);
  EXPECT_EQ(uploads.try_acquire({"42"}, {.limit = 1}).error().code, ErrorCode::kLimitReached);
  EXPECT_TRUE(uploads.try_acquire({"7"}, {.limit = 1}));
  EXPECT_TRUE(first->release());
  EXPECT_FALSE(first->release());
  EXPECT_TRUE(uploads.try_acquire({"42"}, {.limit = 1}));
}

TEST_F(LeaseWithoutSegmentTest, TheyExpireAndAChildHasNone) {
  const LeaseGaugeFamily uploads = Detached();
  Result<Lease> brief = uploads.try_acquire({"42"}, {.limit = 1, .ttl = 1ms});
  std::this_thread::sleep_for(5ms);
  EXPECT_FALSE(brief->renew());
  const Result<Lease> lasting = uploads.try_acquire({"42"}, {.limit = 1});
  ASSERT_TRUE(lasting);
  EXPECT_EQ(RunInChild([&] {
              EXPECT_FALSE(lasting->live());
              EXPECT_EQ(uploads.live({"42"}).value(), 0U);
            }),
            0);
  EXPECT_TRUE(lasting->live());
}

TEST_F(LeaseTest, ThreadsOfOneProcessNeverPassTheLimitTogether) {
  const LeaseGaugeFamily uploads = Uploads();
  std::atomic<int> inside = 0, most = 0, admitted = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; i++) {
        Result<Lease> lease = uploads.try_acquire({"42"}, {.limit = 2, .ttl = 1h});
        if (!lease) continue;
        const int now = ++inside;
        int seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        admitted++;
        EXPECT_TRUE(lease->renew());
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most.load(), 2);
  EXPECT_GT(admitted.load(), 0);
  EXPECT_EQ(uploads.live({"42"}).value(), 0U);
}

}  // namespace
}  // namespace shmetrics
