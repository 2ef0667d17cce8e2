// Many threads of one process use one registry: the sums are exact, and ThreadSanitizer finds nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
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

namespace shmetrics {
namespace {

using testing::SegmentReading;

constexpr int kThreads = 8;

class ThreadsTest : public testing::RegistryFixture {
 protected:
  /// Runs `body` with the numbers 0 .. kThreads - 1, all at once.
  static void InThreads(const std::function<void(int thread)>& body) {
    std::barrier start(kThreads);
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; i++) {
      threads.emplace_back([&, i] {
        start.arrive_and_wait();
        body(i);
      });
    }
  }
};

TEST_F(ThreadsTest, ThreadsAddToOneCounterOneHistogramAndOneGaugeWithoutLosingAny) {
  constexpr std::uint64_t kEach = 20'000;
  Registry& registry = Open();
  const Counter requests = registry.counter({.name = "requests_total"}).with({});
  const FractionalCounter minutes = registry.fractional_counter({.name = "minutes_total"}).with({});
  const Histogram latency = registry.histogram({.name = "latency"}, {1, 2, 4}).with({});
  const Gauge depth = registry.gauge({.name = "depth"}).with({});
  InThreads([&](int) {
    for (std::uint64_t i = 0; i < kEach; i++) {
      requests.inc();
      minutes.inc(0.5);
      latency.observe(2);
      depth.add(3);
      depth.sub(2);
    }
  });
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter("requests_total"), kThreads * kEach);
  EXPECT_EQ(reading.FractionalCounter("minutes_total"), kThreads * kEach * 0.5);
  EXPECT_EQ(reading.Histogram("latency").count, kThreads * kEach);
  EXPECT_EQ(reading.Histogram("latency").sum, 2.0 * kThreads * kEach);
  EXPECT_EQ(reading.Gauge("depth"), 1.0 * kThreads * kEach);
}

TEST_F(ThreadsTest, ThreadsThatRegisterTheSameSeriesAtOnceGetOne) {
  constexpr int kRounds = 50;
  Registry& registry = Open();
  for (int round = 0; round < kRounds; round++) {
    const std::string name = "family_" + std::to_string(round);
    InThreads([&](int) {
      registry.counter({.name = name + "_total", .labels = {"a"}}).with({"x"}).inc();
      registry.histogram({.name = name + "_seconds", .labels = {"a"}}, {1}).with({"x"}).observe(1);
      registry.gauge({.name = name + "_depth", .labels = {"a"}}).with({"x"}).add(1);
    });
  }
  const SegmentReading reading = Read();
  for (int round = 0; round < kRounds; round++) {
    const std::string name = "family_" + std::to_string(round);
    EXPECT_EQ(reading.Counter(name + "_total{a=\"x\"}"), static_cast<std::uint64_t>(kThreads));
    EXPECT_EQ(reading.Histogram(name + "_seconds{a=\"x\"}").count, static_cast<std::uint64_t>(kThreads));
    EXPECT_EQ(reading.Gauge(name + "_depth{a=\"x\"}"), kThreads);
  }
  EXPECT_EQ(reading.snapshot().segment.series_count, 3U * kRounds);
  EXPECT_EQ(reading.snapshot().segment.family_count, 3U * kRounds);
  EXPECT_EQ(reading.AliveWorkers(), 1U);
  EXPECT_THAT(registry.status().refusals, ::testing::IsEmpty());
}

TEST_F(ThreadsTest, ThreadsRegisterDifferentFamiliesAndSeriesAtOnce) {
  constexpr int kSeries = 10;
  Registry& registry = Open();
  InThreads([&](int thread) {
    const std::string name = "family_" + std::to_string(thread) + "_total";
    const CounterFamily own = registry.counter({.name = name, .labels = {"i"}});
    const CounterFamily common = registry.counter({.name = "common_total", .labels = {"thread", "i"}});
    for (int i = 0; i < kSeries; i++) {
      const std::string value = std::to_string(i);
      own.with({value}).inc(10);
      common.with({name, value}).inc(1);
    }
  });
  const SegmentReading reading = Read();
  for (int thread = 0; thread < kThreads; thread++) {
    const std::string name = "family_" + std::to_string(thread) + "_total";
    for (int i = 0; i < kSeries; i++) {
      const std::string value = "i=\"" + std::to_string(i) + "\"}";
      EXPECT_EQ(reading.Counter(name + "{" + value), 10U);
      EXPECT_EQ(reading.Counter("common_total{thread=\"" + name + "\"," + value), 1U);
    }
  }
}

TEST_F(ThreadsTest, ThreadsThatMeetALimitAtOnceLoseNothing) {
  constexpr int kEach = 200;  // together twice the family's limit, in every thread
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"i"}});
  InThreads([&](int thread) {
    for (int i = 0; i < kEach; i++) {
      const std::string value = std::to_string((i * 7 + thread) % kEach);
      requests.with({value}).inc();
    }
  });
  std::uint64_t total = 0;
  const SegmentReading reading = Read();
  for (const shm::SeriesSnapshot& series : reading.Family("requests_total")->series) total += series.integer;
  EXPECT_EQ(total, static_cast<std::uint64_t>(kThreads * kEach));
  EXPECT_EQ(reading.Family("requests_total")->series.size(), 101U) << "the limit, and the overflow series";
}

TEST_F(ThreadsTest, AReaderOnTheSameMappingSeesCountersOnlyGrow) {
  Registry& registry = Open();
  const Counter requests = registry.counter({.name = "requests_total"}).with({});
  const Histogram latency = registry.histogram({.name = "latency"}, {1, 2}).with({});
  const Gauge depth = registry.gauge({.name = "depth"}, GaugeMode::last).with({});
  std::atomic<bool> done{false};
  std::jthread reader([&] {
    SegmentReading reading(segment_);
    std::uint64_t before = 0;
    while (!done) {
      const std::uint64_t now = reading.Again().Counter("requests_total");
      EXPECT_GE(now, before);
      before = now;
      const testing::HistogramReading seen = reading.Histogram("latency");
      EXPECT_EQ(seen.sum, 2.0 * static_cast<double>(seen.count)) << "count and sum of one bucket agree";
    }
  });
  InThreads([&](int thread) {
    for (int i = 0; i < 5'000; i++) {
      requests.inc();
      latency.observe(2);
      depth.set(thread);
    }
  });
  done = true;
}

TEST_F(ThreadsTest, ThreadsCanUseTheGlobalRegistryForTheFirstTimeAtOnce) {
  EXPECT_EQ(testing::RunInChild([this] {
              Registry::configure(Options());
              InThreads([](int) { Registry::global().counter({.name = "requests_total"}).inc(); });
            }),
            0);
  EXPECT_EQ(Read().Counter("requests_total"), static_cast<std::uint64_t>(kThreads));
}

TEST_F(ThreadsTest, ThreadsRemoveAndShowOneSeriesAndItsCountStaysExact) {
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"i"}});
  InThreads([&](int thread) {
    for (int i = 0; i < 1'000; i++) {
      requests.with({"x"}).inc();
      if (thread % 2 == 0) requests.remove({"x"});
    }
  });
  requests.with({"x"});
  EXPECT_EQ(Read().Counter("requests_total{i=\"x\"}"), kThreads * 1'000U);
}

TEST_F(ThreadsTest, ThreadsWithoutASegmentCountInPrivateMemory) {
  segment_ = folder_ + "/missing/segment.v1";
  Registry& registry = Open();
  InThreads([&](int thread) {
    const std::string value = std::to_string(thread);
    for (int i = 0; i < 1'000; i++) {
      registry.counter({.name = "requests_total", .labels = {"i"}}).with({value}).inc();
      registry.histogram({.name = "latency"}, {1}).observe(1);
      registry.gauge({.name = "depth"}).add(1);
    }
  });
  EXPECT_FALSE(registry.status().attached);
}

}  // namespace
}  // namespace shmetrics
