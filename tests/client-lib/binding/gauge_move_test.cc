// The whole value of a gauge follows its process to the next segment.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/fake_clock.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Child;
using testing::WaitUntil;

class GaugeMoveTest : public testing::RegistryFixture {
 protected:
  void RemoveSegment() { std::filesystem::remove(segment_); }
  bool HasSegment() const { return std::filesystem::exists(segment_); }
};

TEST_F(GaugeMoveTest, AGaugeThatIsNeverSetAgainMovesToo) {
  const GaugeFamily limits = Open().gauge({.name = "limits", .labels = {"of"}});
  const Gauge touched = limits.with({"touched"});
  touched.set(1);
  limits.with({"set once"}).set(2);
  RemoveSegment();
  WaitUntil([&] {
    touched.set(1);
    return HasSegment();
  });
  EXPECT_EQ(Read().Gauge("limits{of=\"set once\"}"), 2.0);
}

TEST_F(GaugeMoveTest, ACounterThatFindsTheNewSegmentBringsTheGaugesAlong) {
  Registry& registry = Open();
  registry.gauge({.name = "depth"}).set(3);
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
  RemoveSegment();
  requests.with({"200"}).inc();
  EXPECT_EQ(Read().Gauge("depth"), 3.0);
}

TEST_F(GaugeMoveTest, WhatIsAddedWhileThereIsNoSlotIsKept) {
  RegistryOptions options = Options();
  options.worker_slots = 1;
  const GaugeFamily depth = Registry::open(options).gauge({.name = "depth"});
  depth.set(5);
  RemoveSegment();
  Child other([&] {
    Registry::open(options).gauge({.name = "others"}).set(1);
    for (;;) pause();
  });
  WaitUntil([&] { return HasSegment() && Read().AliveWorkers() == 1; });
  WaitUntil([&] {  // until this process has found the new segment, without a slot in it
    depth.add(1);
    depth.sub(1);
    return Read().Refusals(shm::layout::Refusal::kNoFreeSlot) > 0;
  });
  depth.add(1);
  depth.add(1);
  other.Kill();
  WaitUntil([&] {
    depth.add(0);
    return Read().Gauge("depth").has_value();
  });
  EXPECT_EQ(Read().Gauge("depth"), 7.0);
}

TEST_F(GaugeMoveTest, ThreadsLoseNoAddWhileTheSegmentIsReplaced) {
  const GaugeFamily balance = Open().gauge({.name = "balance"});
  balance.set(0);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&] {
      while (!stop) {
        balance.add(1);
        balance.sub(1);
      }
    });
  }
  for (int round = 0; round < 10; round++) {
    RemoveSegment();
    testing::retry_clock_ahead_seconds += 2;
    WaitUntil([&] { return HasSegment(); });
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  WaitUntil([&] {  // the last removal may have left it without a slot for a moment
    balance.add(0);
    return Read().Gauge("balance").has_value();
  });
  EXPECT_EQ(Read().Gauge("balance"), 0.0);
}

TEST_F(GaugeMoveTest, AGaugeTakenWithoutASegmentShowsOnceThereIsOne) {
  RegistryOptions options = Options();
  options.segment = folder_ + "/later/segment.v1";
  Registry& registry = Registry::open(options);
  const GaugeFamily depth = registry.gauge({.name = "depth"});
  depth.set(4);
  std::filesystem::create_directory(folder_ + "/later");
  WaitUntil([&] {
    depth.add(0);
    return std::filesystem::exists(options.segment);
  });
  WaitUntil([&] {
    depth.add(0);
    return testing::Read(options.segment).Gauge("depth").has_value();
  });
  EXPECT_EQ(testing::Read(options.segment).Gauge("depth"), 4.0);
}

}  // namespace
}  // namespace shmetrics
