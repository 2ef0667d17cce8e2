// Fault L15. A process is stopped while it decides: others lose one bounded wait to it and not one a call, or
// none if they do not want to wait. One that only waits for a CPU is waited for.

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "shm/base/crash_point.h"
#include "shm/base/task_state.h"
#include "shmetrics/audio.h"
#include "shmetrics/c.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/gate.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using namespace std::chrono_literals;
using testing::Child;
using testing::SharedPage;

/// How often this thread has given up its CPU of its own accord: each wait does.
long Waits() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

/// Leases, streams and minutes of this key are in one shard.
constexpr const char* kKey = "42";

class StuckShardTest : public testing::RegistryFixture {
 protected:
  static constexpr int kCalls = 1'000;

  LeaseGaugeFamily Streams() const { return Streams(Open()); }
  static LeaseGaugeFamily Streams(Registry& registry) {
    return registry.lease_gauge({.name = "streams", .labels = {"user_id"}});
  }

  /// A process that decides for the key again and again. It stops itself each time that it comes to where it
  /// has begun the lease, while it holds the shard.
  Child StopsInside(const LeaseGaugeFamily& streams) {
    Child child([&] {
      shm::crash_point_hook = [](const char* name) {
        if (std::strcmp(name, "lease_begun") == 0) raise(SIGSTOP);
      };
      std::vector<Lease> kept;
      for (;;) kept.push_back(std::move(streams.try_acquire({kKey}).value()));
    });
    WaitUntilStopped(child);
    return child;
  }
  static void WaitUntilStopped(const Child& child) {
    testing::WaitUntil([&] { return shm::TaskState(static_cast<std::uint32_t>(child.pid())) == 'T'; });
  }

  /// The calls are refused, and none of them waits. A wait now and then may be the kernel's own.
  static void ExpectBusyWithoutWaiting(const LeaseGaugeFamily& streams, const LeaseOptions& options) {
    const long before = Waits();
    for (int i = 0; i < kCalls; i++) {
      ASSERT_EQ(streams.try_acquire({kKey}, options).error().code, ErrorCode::kBusy);
    }
    EXPECT_LT(Waits() - before, kCalls / 20);
  }
};

TEST_F(StuckShardTest, AnEventLoopLosesOneWaitToAStoppedHolderAndNotOneACall) {
  const LeaseGaugeFamily streams = Streams();
  const Child stopped = StopsInside(streams);
  const long before = Waits();
  const Result<Lease> first = streams.try_acquire({kKey});
  ASSERT_EQ(first.error().code, ErrorCode::kBusy);
  EXPECT_GT(Waits(), before) << "the first call does wait";
  EXPECT_NE(first.error().message.find("does not go on"), std::string::npos) << first.error().message;
  ExpectBusyWithoutWaiting(streams, {});
  EXPECT_EQ(streams.live({kKey}).error().code, ErrorCode::kBusy);
  EXPECT_EQ(Read().Refusals(shm::layout::Refusal::kBusy), kCalls + 2U) << "each is counted";
}

TEST_F(StuckShardTest, ShortWaitsAddUpToOneBoundedWait) {
  const LeaseGaugeFamily streams = Streams();
  const Child stopped = StopsInside(streams);
  const auto busy_at_once = [&] {
    const long before = Waits();
    EXPECT_EQ(streams.try_acquire({kKey}, {.max_wait = 1ms}).error().code, ErrorCode::kBusy);
    return Waits() == before;
  };
  int calls = 1;
  for (; !busy_at_once(); calls++) ASSERT_LT(calls, 5'000) << "every call waits";
  ExpectBusyWithoutWaiting(streams, {.max_wait = 1ms});
}

TEST_F(StuckShardTest, TheShardIsWaitedForAgainAsSoonAsItsHolderGoesOn) {
  const LeaseGaugeFamily streams = Streams();
  Child stopped = StopsInside(streams);
  ASSERT_EQ(streams.try_acquire({kKey}).error().code, ErrorCode::kBusy);
  for (int round = 0; round < 3; round++) {
    ExpectBusyWithoutWaiting(streams, {});
    // The same process stops in the same place. What was found out about its last holding says nothing about
    // this one.
    stopped.Signal(SIGCONT);
    const std::string key = R"(streams{user_id="42"})";
    const double held = round + 1;
    testing::WaitUntil([&] { return Read().Gauge(key).value_or(0) > held; });
    WaitUntilStopped(stopped);
    const long before = Waits();
    EXPECT_EQ(streams.try_acquire({kKey}).error().code, ErrorCode::kBusy);
    EXPECT_GT(Waits(), before);
  }
  stopped.Kill();
  EXPECT_TRUE(streams.try_acquire({kKey}).ok()) << "its death lets the next one in at once";
}

TEST_F(StuckShardTest, AChildKnowsWhatItsParentHasFoundOut) {
  const LeaseGaugeFamily streams = Streams();
  const Child stopped = StopsInside(streams);
  ASSERT_EQ(streams.try_acquire({kKey}).error().code, ErrorCode::kBusy);
  EXPECT_EQ(testing::RunInChild([&] { ExpectBusyWithoutWaiting(streams, {}); }), 0);
}

TEST_F(StuckShardTest, WithSharedNamespacesTheByteLockCostsOneWaitToo) {
  RegistryOptions options = Options();
  options.shared_pid_namespaces = true;
  const LeaseGaugeFamily streams = Streams(Registry::open(options));
  const Child stopped = StopsInside(streams);
  ExpectBusyWithoutWaiting(streams, {.max_wait = 0s});
  ASSERT_EQ(streams.try_acquire({kKey}).error().code, ErrorCode::kBusy);
  ExpectBusyWithoutWaiting(streams, {});
}

TEST_F(StuckShardTest, NoDecisionWaitsIfItsCallerDoesNotWantTo) {
  Registry& registry = Open();
  const LeaseGaugeFamily streams = Streams(registry);
  const audio::Quota quota(registry);
  const Child stopped = StopsInside(streams);
  const auto busy = [](const auto& result) {
    return !result.ok() && result.error().code == ErrorCode::kBusy;
  };
  const std::vector<std::function<bool()>> decisions = {
      [&] { return busy(streams.try_acquire({kKey}, {.limit = 1, .max_wait = 0s})); },
      [&] { return busy(streams.live({kKey}, 0s)); },
      [&] { return busy(quota.try_start_stream(kKey, {.max_wait = 0s})); },
      [&] { return busy(quota.try_start_job(kKey, {.tier = audio::Tier::free, .max_wait = 0s})); },
      [&] { return busy(quota.active_streams(kKey, 0s)); },
      [&] { return busy(quota.active_jobs(kKey, 0s)); },
      [&] { return busy(quota.consume_daily_minutes(kKey, 1, {}, 0s)); },
      [&] { return busy(quota.check_daily_minutes(kKey, 1, {}, 0s)); },
      [&] { return busy(quota.set_tier(kKey, audio::Tier::premium, 0s)); },
      [&] { return busy(quota.tier(kKey, 0s)); },
      [&] { return busy(quota.announce_model(kKey, 0s)); },
  };
  const long before = Waits();
  for (std::size_t i = 0; i < decisions.size() * 20; i++) {
    EXPECT_TRUE(decisions[i % decisions.size()]()) << "decision " << i % decisions.size();
  }
  EXPECT_LT(Waits() - before, 20);
}

TEST_F(StuckShardTest, NoDecisionOfTheCInterfaceWaitsIfItsCallerDoesNotWantTo) {
  const LeaseGaugeFamily streams = Streams();
  shmetrics_registry_options options{};
  options.size = sizeof options;
  options.segment = segment_.c_str();
  shmetrics_registry* registry = nullptr;
  ASSERT_EQ(shmetrics_registry_open(&options, &registry, nullptr), SHMETRICS_OK);
  constexpr std::array kLabel = {"user_id"};
  shmetrics_family_options asked{};
  asked.size = sizeof asked;
  asked.name = "streams";
  asked.labels = kLabel.data();
  asked.label_count = kLabel.size();
  shmetrics_family* family = nullptr;
  ASSERT_EQ(shmetrics_lease_family(registry, &asked, &family, nullptr), SHMETRICS_OK);
  shmetrics_quota* quota = nullptr;
  ASSERT_EQ(shmetrics_quota_create(registry, nullptr, &quota, nullptr), SHMETRICS_OK);
  shmetrics_start_options start{};
  start.size = sizeof start;
  start.max_wait_ms = SHMETRICS_NO_WAIT;
  const Child stopped = StopsInside(streams);
  constexpr std::int64_t kNo = SHMETRICS_NO_WAIT;
  std::uint64_t number = 0;
  shmetrics_lease* lease = nullptr;
  shmetrics_activity* activity = nullptr;
  shmetrics_tier tier = SHMETRICS_TIER_NONE;
  const std::vector<std::function<shmetrics_code()>> decisions = {
      [&] { return shmetrics_lease_try_acquire_within(family, &kKey, 1, 1, 0, kNo, &lease, nullptr); },
      [&] { return shmetrics_lease_count_within(family, &kKey, 1, kNo, &number, nullptr); },
      [&] { return shmetrics_quota_try_start_stream(quota, kKey, &start, &activity, nullptr); },
      [&] { return shmetrics_quota_try_start_job(quota, kKey, &start, &activity, nullptr); },
      [&] { return shmetrics_quota_active_streams_within(quota, kKey, kNo, &number, nullptr); },
      [&] { return shmetrics_quota_active_jobs_within(quota, kKey, kNo, &number, nullptr); },
      [&] {
        return shmetrics_quota_consume_daily_minutes_within(quota, kKey, 1, SHMETRICS_TIER_NONE, kNo, nullptr,
                                                            nullptr);
      },
      [&] {
        return shmetrics_quota_check_daily_minutes_within(quota, kKey, 1, SHMETRICS_TIER_NONE, kNo, nullptr,
                                                          nullptr);
      },
      [&] { return shmetrics_quota_set_tier_within(quota, kKey, SHMETRICS_TIER_FREE, kNo, nullptr); },
      [&] { return shmetrics_quota_tier_within(quota, kKey, kNo, &tier, nullptr); },
      [&] { return shmetrics_quota_announce_model_within(quota, kKey, kNo, nullptr); },
  };
  const long before = Waits();
  for (std::size_t i = 0; i < decisions.size() * 20; i++) {
    EXPECT_EQ(decisions[i % decisions.size()](), SHMETRICS_BUSY) << "decision " << i % decisions.size();
  }
  EXPECT_LT(Waits() - before, 20);
}

// A holder that is preempted gets no CPU until the others have had theirs: with 32 on one CPU, which are 64 on
// two, more than the 50 ms after which a stopped one is given up.
TEST_F(StuckShardTest, ThirtyTwoProcessesOnOneCpuMakeNobodyBusy) {
  constexpr int kProcesses = 32, kDecisions = 6'000;
  RegistryOptions options = Options();
  options.worker_slots = 2 * kProcesses;
  const LeaseGaugeFamily streams = Streams(Registry::open(options));
  struct Tally {
    std::atomic<int> decided, busy, other;
  };
  const SharedPage<Tally> tally;
  testing::Gate gate;
  std::vector<Child> children;
  for (int i = 0; i < kProcesses; i++) {
    children.emplace_back([&] {
      cpu_set_t one;
      CPU_ZERO(&one);
      CPU_SET(0, &one);
      sched_setaffinity(0, sizeof one, &one);  // if it may not, they share more than one
      gate.Wait();
      for (int n = 0; n < kDecisions; n++) {
        const Result<Lease> lease = streams.try_acquire({kKey}, {.limit = 3});
        const bool is_decided = lease.ok() || lease.error().code == ErrorCode::kLimitReached;
        (is_decided ? tally->decided : lease.error().code == ErrorCode::kBusy ? tally->busy : tally->other)++;
        for (volatile int work = 0; work < 5'000;) work = work + 1;
      }
    });
  }
  gate.Open();
  for (Child& child : children) EXPECT_EQ(child.Wait(), 0);
  EXPECT_EQ(tally->busy, 0);
  EXPECT_EQ(tally->other, 0);
  EXPECT_EQ(tally->decided, kProcesses * kDecisions);
}

}  // namespace
}  // namespace shmetrics
