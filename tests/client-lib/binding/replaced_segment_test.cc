// The segment's file is removed or replaced while workers run: fault 26.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

using testing::RunInChild;
using testing::SegmentReading;
using testing::WaitUntil;

class ReplacedSegmentTest : public testing::RegistryFixture {
 protected:
  bool Exists() const { return std::filesystem::exists(segment_); }
};

TEST_F(ReplacedSegmentTest, TheNextRegistrationMakesANewOneAndOldHandlesGoOnInTheOld) {
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
  const Counter old_handle = requests.with({"200"});
  old_handle.inc(5);
  SegmentReading old_segment(segment_);
  std::filesystem::remove(segment_);
  old_handle.inc(2);

  const Counter new_handle = requests.with({"404"});
  ASSERT_TRUE(Exists()) << "a new label set is a registration";
  new_handle.inc(3);
  old_handle.inc(4);
  EXPECT_TRUE(registry.status().attached);
  EXPECT_EQ(Read().Counter("requests_total{code=\"404\"}"), 3U);
  EXPECT_FALSE(Read().Shows("requests_total{code=\"200\"}"));
  EXPECT_EQ(old_segment.Again().Counter("requests_total{code=\"200\"}"), 11U);

  requests.with({"200"}).inc(100);
  EXPECT_EQ(Read().Counter("requests_total{code=\"200\"}"), 100U) << "a new handle counts in the new segment";
}

TEST_F(ReplacedSegmentTest, ANewFamilyMakesANewOne) {
  Registry& registry = Open();
  registry.counter({.name = "requests_total"}).inc();
  std::filesystem::remove(segment_);
  registry.counter({.name = "errors_total"}).inc();
  ASSERT_TRUE(Exists());
  EXPECT_EQ(Read().Counter("errors_total"), 1U);
}

TEST_F(ReplacedSegmentTest, AGaugeMovesOverWithItsValue) {
  const Gauge depth = Open().gauge({.name = "depth", .labels = {"queue"}}).with({"a"});
  depth.set(5);
  SegmentReading old_segment(segment_);
  std::filesystem::remove(segment_);
  WaitUntil([&] {
    depth.add(1);
    depth.sub(1);
    return Exists();
  });
  depth.add(2);
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 7.0);
  EXPECT_EQ(Read().AliveWorkers(), 1U);
  EXPECT_EQ(old_segment.Again().AliveWorkers(), 0U) << "the worker must not be counted in both";
}

TEST_F(ReplacedSegmentTest, AnotherWorkersNewSegmentIsJoined) {
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
  requests.with({"200"}).inc();
  std::filesystem::remove(segment_);
  EXPECT_EQ(RunInChild([this] {
              Open().counter({.name = "requests_total", .labels = {"code"}}).with({"200"}).inc(10);
            }),
            0);
  requests.with({"201"});
  requests.with({"200"}).inc(5);
  EXPECT_EQ(Read().Counter("requests_total{code=\"200\"}"), 15U);
}

TEST_F(ReplacedSegmentTest, WhatCannotBeReplacedIsKept) {
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
  SegmentReading old_segment(segment_);
  std::filesystem::remove(segment_);
  std::ofstream(segment_) << "something else";
  requests.with({"200"}).inc(3);
  EXPECT_TRUE(registry.status().attached);
  EXPECT_THAT(registry.status().error, ::testing::HasSubstr(segment_)) << "but it says what is wrong";
  EXPECT_EQ(old_segment.Again().Counter("requests_total{code=\"200\"}"), 3U);
}

TEST_F(ReplacedSegmentTest, AChildForkedBeforeFindsTheNewOne) {
  Registry& registry = Open();
  const GaugeFamily depth = registry.gauge({.name = "depth"});
  depth.set(1);
  std::filesystem::remove(segment_);
  EXPECT_EQ(RunInChild([&] {
              WaitUntil([&] {
                depth.set(4);
                return Exists() && Read().Gauge("depth").has_value();
              });
              EXPECT_EQ(Read().Gauge("depth"), 4.0) << "its own value, not its parent's";
            }),
            0);
}

// Fault 26. The child has no slot yet, and gets none in a file without a name. So it must not wait for the
// next periodic check.
TEST_F(ReplacedSegmentTest, AChildForkedBeforeTakesItsFirstLeaseInTheNewOne) {
  const LeaseGaugeFamily streams = Open().lease_gauge({.name = "streams", .labels = {"user_id"}});
  const Result<Lease> of_parent = streams.try_acquire({"42"});
  std::filesystem::remove(segment_);
  EXPECT_EQ(RunInChild([&] {
              const Result<Lease> lease = streams.try_acquire({"42"}, {.limit = 1});
              ASSERT_TRUE(lease) << lease.error().message;
              ASSERT_TRUE(Exists()) << "a lease that nobody else knows of";
              EXPECT_EQ(Read().Gauge("streams{user_id=\"42\"}"), 1.0);
            }),
            0);
}

// Fault 26, as above for gauges.
TEST_F(ReplacedSegmentTest, AChildForkedBeforeSetsItsFirstGaugeInTheNewOne) {
  const GaugeFamily depth = Open().gauge({.name = "depth"});
  depth.set(1);
  std::filesystem::remove(segment_);
  EXPECT_EQ(RunInChild([&] {
              depth.set(4);
              ASSERT_TRUE(Exists()) << "a gauge that nobody sees";
              EXPECT_EQ(Read().Gauge("depth"), 4.0);
            }),
            0);
}

// Fault 26 with threads at work. Nothing crashes, and in the end all threads use the last segment.
TEST_F(ReplacedSegmentTest, ThreadsGoOnWhileTheFileIsRemovedAgainAndAgain) {
  constexpr int kThreads = 4;
  constexpr int kRemovals = 20;
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"i"}});
  const GaugeFamily depth = registry.gauge({.name = "depth", .labels = {"i"}});
  const Gauge shared = depth.with({"shared"});
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; thread++) {
    threads.emplace_back([&, thread] {
      for (int i = 0; !stop; i++) {
        const std::string value = std::to_string(thread) + "-" + std::to_string(i % 20);
        requests.with({value}).inc();
        depth.with({value}).set(i);
        shared.set(i);
      }
    });
  }
  for (int i = 0; i < kRemovals; i++) {
    WaitUntil([&] { return Exists(); });
    std::filesystem::remove(segment_);
    testing::retry_clock_ahead_seconds += 2;
  }
  WaitUntil([&] { return Exists(); });
  stop = true;
  threads.clear();
  // The last one that was made need not be the one that this process took: it moves once a second.
  WaitUntil([&] {
    testing::retry_clock_ahead_seconds += 2;
    shared.set(-1);
    return Read().Gauge("depth{i=\"shared\"}") == -1.0;
  });
  requests.with({"end"}).inc(7);
  EXPECT_EQ(Read().Counter("requests_total{i=\"end\"}"), 7U);
  EXPECT_EQ(Read().AliveWorkers(), 1U);
  EXPECT_TRUE(registry.status().attached);
}

}  // namespace
}  // namespace shmetrics
