// The end of a process, and of a library in it: fault 19.

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::RunInChild;
using testing::SharedPage;
using testing::WaitUntil;

/// Counts in its destructor, as late as its storage allows.
struct CountsLate {
  ~CountsLate() {
    requests.inc();
    depth.set(1);
    if (registry != nullptr) registry->counter({.name = "late_total"}).inc();
  }
  Counter requests;
  Gauge depth;
  Registry* registry = nullptr;
};

class ExitTest : public testing::RegistryFixture {};

TEST_F(ExitTest, ExitWhileThreadsCountDoesNotCrash) {
  const SharedPage<std::atomic<std::uint64_t>> confirmed;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; round++) {
    EXPECT_EQ(RunInChild([&] {
                Registry& registry = Open();
                const Counter requests = registry.counter({.name = "requests_total"}).with({});
                std::atomic<int> running{0};
                for (int i = 0; i < 3; i++) {
                  std::thread([&, requests] {
                    running++;
                    while (true) {
                      requests.inc();
                      ++*confirmed;
                      registry.gauge({.name = "depth"}).add(1);
                      registry.histogram({.name = "latency"}, {1}).observe(1);
                    }
                  }).detach();
                }
                WaitUntil([&] { return running == 3; });
                std::exit(0);  // NOLINT(concurrency-mt-unsafe): that is the test
              }),
              0);
  }
  EXPECT_GT(*confirmed, 0U);
  EXPECT_GE(Read().Counter("requests_total"), *confirmed);
  EXPECT_LE(Read().Counter("requests_total"), *confirmed + 3 * kRounds) << "one in flight for each thread";
}

TEST_F(ExitTest, DestructorsOfThreadLocalsCount) {
  Registry& registry = Open();
  const Counter requests = registry.counter({.name = "requests_total"}).with({});
  const Gauge depth = registry.gauge({.name = "depth"}).with({});
  std::thread([&] {
    thread_local CountsLate late;
    late.requests = requests;
    late.depth = depth;
    late.registry = &registry;
  }).join();
  EXPECT_EQ(Read().Counter("requests_total"), 1U);
  EXPECT_EQ(Read().Counter("late_total"), 1U);
  EXPECT_EQ(Read().Gauge("depth"), 1.0);
}

TEST_F(ExitTest, DestructorsOfThreadKeysCount) {
  Registry& registry = Open();
  pthread_key_t key;
  ASSERT_EQ(pthread_key_create(&key, [](void* late) { delete static_cast<CountsLate*>(late); }), 0);
  std::thread([&] {
    auto* late = new CountsLate;
    late->requests = registry.counter({.name = "requests_total"}).with({});
    late->registry = &registry;
    pthread_setspecific(key, late);
  }).join();
  pthread_key_delete(key);
  EXPECT_EQ(Read().Counter("requests_total"), 1U);
  EXPECT_EQ(Read().Counter("late_total"), 1U);
}

TEST_F(ExitTest, DestructorsOfStaticsCountAtTheVeryEnd) {
  EXPECT_EQ(RunInChild([&] {
              // Made before the registry, so destroyed after everything that belongs to it.
              static CountsLate late;
              Registry::configure(Options());
              late.requests = Registry::global().counter({.name = "requests_total"}).with({});
              late.registry = &Registry::global();
              std::exit(0);  // NOLINT(concurrency-mt-unsafe): that is the test
            }),
            0);
  EXPECT_EQ(Read().Counter("requests_total"), 1U);
  EXPECT_EQ(Read().Counter("late_total"), 1U);
}

}  // namespace
}  // namespace shmetrics
