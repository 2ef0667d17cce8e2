// Workers made by fork, raw clone and vfork: faults 15 and 16.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using testing::RunInChild;
using testing::SegmentReading;
using testing::SharedPage;
using ::testing::UnorderedElementsAre;
using testing::WaitUntil;

class ForkTest : public testing::RegistryFixture {
 protected:
  /// For a child: reports that it is ready, and lives until it is killed.
  [[noreturn]] void StayAlive() {
    ++*ready_;
    while (true) pause();
  }
  void WaitForReady(int children) {
    WaitUntil([&] { return *ready_ == children; });
  }

  SharedPage<std::atomic<int>> ready_;
};

// Fault 15.
TEST_F(ForkTest, AForkedChildHasItsOwnGaugeValueAndCountsWithItsParent) {
  Registry& registry = Open();
  const Counter requests = registry.counter({.name = "requests_total"}).with({});
  const Histogram latency = registry.histogram({.name = "latency"}, {1}).with({});
  const Gauge depth = registry.gauge({.name = "depth"}, GaugeMode::per_worker).with({});
  requests.inc();
  latency.observe(1);
  depth.set(5);
  Child child([&] {
    requests.inc(10);
    latency.observe(2);
    depth.add(3);  // its own value begins at 0
    StayAlive();
  });
  WaitForReady(1);
  SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter("requests_total"), 11U);
  EXPECT_EQ(reading.Histogram("latency").sum, 3.0);
  EXPECT_THAT(reading.PerWorker("depth"), UnorderedElementsAre(5, 3));
  child.Kill();
  depth.add(1);
  reading = Read();
  EXPECT_THAT(reading.PerWorker("depth"), UnorderedElementsAre(6)) << "the parent's value is as it was";
  EXPECT_EQ(reading.Counter("requests_total"), 11U);
}

// Fault 15.
TEST_F(ForkTest, AChildThatSetsNothingShowsNothing) {
  Registry& registry = Open();
  const GaugeFamily depth = registry.gauge({.name = "depth"});
  depth.set(5);
  const Child child([&] { StayAlive(); });
  WaitForReady(1);
  EXPECT_EQ(Read().Gauge("depth"), 5.0);
  EXPECT_EQ(Read().AliveWorkers(), 1U);
}

// Fault 15.
TEST_F(ForkTest, TheParentsGaugesGoWithItThoughItsChildLives) {
  SharedPage<std::atomic<pid_t>> grandchild;
  Child parent([&] {
    Open().gauge({.name = "depth"}).set(5);
    const pid_t pid = fork();
    if (pid == 0) {
      while (true) pause();
    }
    *grandchild = pid;
    StayAlive();
  });
  WaitForReady(1);
  EXPECT_EQ(Read().Gauge("depth"), 5.0);
  parent.Kill();
  EXPECT_EQ(Read().Gauge("depth"), std::nullopt) << "the child must not keep its parent's slot alive";
  kill(*grandchild, SIGKILL);
}

// Fault 15: a master that has counted forks workers, and they fork theirs.
TEST_F(ForkTest, AChainOfForksCountsExactlyWithAGaugeForEach) {
  constexpr int kDepth = 8;
  constexpr std::uint64_t kEach = 1'000;
  Registry& registry = Open();
  const Counter requests = registry.counter({.name = "requests_total"}).with({});
  const Gauge depth = registry.gauge({.name = "depth"}, GaugeMode::per_worker).with({});
  std::function<void(int)> work = [&](int generation) {
    depth.set(generation);
    for (std::uint64_t i = 0; i < kEach; i++) requests.inc();
    if (generation == kDepth) StayAlive();
    Child next([&] { work(generation + 1); });
    WaitForReady(1);
    while (true) pause();
  };
  const Child master([&] { work(1); });
  WaitForReady(1);
  EXPECT_THAT(Read().PerWorker("depth"), UnorderedElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(Read().Counter("requests_total"), kDepth * kEach);
}

// Fault 16: the child can go on, whatever the other threads were doing.
TEST_F(ForkTest, ForkWhileThreadsRegisterLeavesEveryChildUsable) {
#if defined(__SANITIZE_ADDRESS__)
  // A thread that the child does not have may hold its lock. Only glibc's own allocator handles that.
  GTEST_SKIP() << "the allocator of AddressSanitizer does not survive a fork with threads";
#endif
  constexpr int kThreads = 4;
  constexpr std::uint64_t kForks = 200;
  EXPECT_EQ(RunInChild([&] {
              RegistryOptions options = Options();
              options.series_limit = options.family_series_limit = 100'000;
              options.segment_bytes = 64U << 20U;
              Registry& registry = Registry::open(options);
              const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"i"}});
              std::atomic<bool> stop{false};
              std::vector<std::jthread> threads;
              for (int thread = 0; thread < kThreads; thread++) {
                threads.emplace_back([&, thread] {
                  for (int i = 0; !stop; i++) {
                    const std::string value = std::to_string(thread) + "-" + std::to_string(i % 10'000);
                    requests.with({value}).inc();
                    registry.gauge({.name = "depth_" + std::to_string(i % 50)}).set(i);
                  }
                });
              }
              const Counter forks = requests.with({"forks"});
              for (std::uint64_t i = 0; i < kForks; i++) {
                Child child([&] {
                  forks.inc();
                  const std::string value = "child-" + std::to_string(i);
                  requests.with({value}).inc(2);
                  registry.gauge({.name = "child"}).set(1);
                });
                EXPECT_EQ(child.Wait(), 0);
              }
              stop = true;
            }),
            0);
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter("requests_total{i=\"forks\"}"), kForks);
  for (std::uint64_t i = 0; i < kForks; i++) {
    EXPECT_EQ(reading.Counter("requests_total{i=\"child-" + std::to_string(i) + "\"}"), 2U);
  }
}

// No pthread_atfork handler runs here.
// Fault 15.
TEST_F(ForkTest, AChildOfARawCloneHasItsOwnGaugeValue) {
  Registry& registry = Open();
  const Counter requests = registry.counter({.name = "requests_total"}).with({});
  const Gauge depth = registry.gauge({.name = "depth"}, GaugeMode::per_worker).with({});
  requests.inc();
  depth.set(5);
  const auto pid = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
  if (pid == 0) {
    testing::DieWithParent();
    requests.inc(10);
    depth.set(7);
    registry.counter({.name = "child_total"}).inc();
    StayAlive();
  }
  Child child(pid);
  WaitForReady(1);
  EXPECT_EQ(Read().Counter("requests_total"), 11U);
  EXPECT_EQ(Read().Counter("child_total"), 1U);
  EXPECT_THAT(Read().PerWorker("depth"), UnorderedElementsAre(5, 7));
  child.Kill();
  EXPECT_THAT(Read().PerWorker("depth"), UnorderedElementsAre(5));
}

// Fault 18.
TEST_F(ForkTest, VforkAndExecDoNotDisturbTheParent) {
  Registry& registry = Open();
  const Gauge depth = registry.gauge({.name = "depth"}).with({});
  depth.set(5);
  const pid_t pid = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): that is the test
  if (pid == 0) {
    execl("/bin/true", "true", static_cast<char*>(nullptr));
    _exit(127);
  }
  EXPECT_EQ(Child(pid).Wait(), 0);
  depth.add(1);
  EXPECT_EQ(Read().Gauge("depth"), 6.0);
  EXPECT_EQ(Read().snapshot().workers.size(), 1U) << "no second slot was taken";
  EXPECT_EQ(Read().AliveWorkers(), 1U);
}

}  // namespace
}  // namespace shmetrics
