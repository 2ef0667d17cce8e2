// Behaviour at the limits: faults 32 and 34.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using shm::layout::Refusal;
using testing::Child;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RefusalsOf;
using testing::SegmentReading;
using testing::SharedPage;
using testing::WaitUntil;

constexpr std::uint64_t kFamilyLimit = 100;  // the limit set by RegistryFixture
const std::string kOverflow = "{otel_metric_overflow=\"true\"}";

class RefusalTest : public testing::RegistryFixture {
 protected:
  Registry& registry_ = Open();
};

struct BadLabels {
  const char* name;
  std::vector<std::string> values;
};

std::string NameOf(const ::testing::TestParamInfo<BadLabels>& test) { return test.param.name; }

class RefusedLabelsTest : public RefusalTest, public ::testing::WithParamInterface<BadLabels> {
 protected:
  std::vector<std::string_view> Values() const {
    return {GetParam().values.begin(), GetParam().values.end()};
  }
};

TEST_P(RefusedLabelsTest, OfACounterCountInItsOverflowSeries) {
  const CounterFamily sent = registry_.counter({.name = "sent_total", .labels = {"to"}});
  sent.with({"a"}).inc(1);
  EXPECT_FALSE(Read().Shows("sent_total" + kOverflow)) << "hidden until it is needed";
  sent.with(Values()).inc(10);
  sent.with(Values()).inc(100);
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter("sent_total{to=\"a\"}"), 1U);
  EXPECT_EQ(reading.Counter("sent_total" + kOverflow), 110U);
  EXPECT_EQ(reading.Refusals(Refusal::kInvalidLabels), 2U);
  EXPECT_EQ(reading.Family("sent_total")->refused_series, 2U);
  EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kInvalidLabels), 2U);
}

TEST_P(RefusedLabelsTest, OfAHistogramCountInItsOverflowSeries) {
  const HistogramFamily latency = registry_.histogram({.name = "latency", .labels = {"to"}}, {1, 2});
  latency.with(Values()).observe(1.5);
  latency.with(Values()).observe(7);
  EXPECT_THAT(Read().Histogram("latency" + kOverflow).buckets, ElementsAre(0, 1, 1));
  EXPECT_EQ(Read().Refusals(Refusal::kInvalidLabels), 2U);
}

TEST_P(RefusedLabelsTest, OfAGaugeAreShownNowhere) {
  const GaugeFamily depth = registry_.gauge({.name = "depth", .labels = {"to"}});
  depth.with(Values()).set(3);
  depth.with({"a"}).set(4);
  const SegmentReading reading = Read();
  ASSERT_NE(reading.Family("depth"), nullptr);
  EXPECT_EQ(reading.Family("depth")->series.size(), 1U) << "values must not be merged";
  EXPECT_EQ(reading.Gauge("depth{to=\"a\"}"), 4.0);
  EXPECT_EQ(reading.Refusals(Refusal::kInvalidLabels), 1U);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RefusedLabelsTest,
                         ::testing::Values(BadLabels{"TooFew", {}}, BadLabels{"TooMany", {"a", "b"}},
                                           BadLabels{"NotUtf8", {"caf\xe9"}},
                                           BadLabels{"OneMegabyte", {std::string(1U << 20U, 'x')}}),
                         NameOf);

TEST_F(RefusalTest, OfTooManySeriesEveryIncrementIsInTheTotal) {
  const CounterFamily sent = registry_.counter({.name = "sent_total", .labels = {"to"}});
  const HistogramFamily latency = registry_.histogram({.name = "latency", .labels = {"to"}}, {1, 2});
  for (std::uint64_t i = 0; i < 3 * kFamilyLimit; i++) {
    const std::string to = std::to_string(i);
    sent.with({to}).inc(2);
    latency.with({to}).observe(1);
  }
  sent.with({"0"}).inc(5);  // a series from before the limit still counts as itself
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Family("sent_total")->series.size(), kFamilyLimit + 1);
  EXPECT_EQ(reading.Counter("sent_total{to=\"0\"}"), 7U);
  EXPECT_EQ(reading.Counter("sent_total" + kOverflow), 2 * 2 * kFamilyLimit);
  EXPECT_EQ(reading.Histogram("latency" + kOverflow).count, 2 * kFamilyLimit);
  EXPECT_EQ(reading.Histogram("latency" + kOverflow).sum, 2.0 * kFamilyLimit);
  EXPECT_EQ(reading.Refusals(Refusal::kSeriesLimit), 4 * kFamilyLimit);
  EXPECT_EQ(reading.Family("sent_total")->refused_series, 2 * kFamilyLimit);
  EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kSeriesLimit), 4 * kFamilyLimit);
  EXPECT_TRUE(registry_.status().full);
}

TEST_F(RefusalTest, OfTooManyGaugesThoseThatWereThereGoOn) {
  const GaugeFamily depth = registry_.gauge({.name = "depth", .labels = {"queue"}});
  for (std::uint64_t i = 0; i < 2 * kFamilyLimit; i++) {
    const std::string queue = std::to_string(i);
    depth.with({queue}).set(1);
  }
  depth.with({"7"}).set(70);
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Family("depth")->series.size(), kFamilyLimit);
  EXPECT_EQ(reading.Gauge("depth{queue=\"7\"}"), 70.0);
  EXPECT_EQ(reading.Refusals(Refusal::kSeriesLimit), kFamilyLimit);
}

TEST_F(RefusalTest, TheSegmentHasALimitOfItsOwnAcrossFamilies) {
  for (int family = 0; family < 12; family++) {
    const std::string name = "family_" + std::to_string(family) + "_total";
    const CounterFamily counter = registry_.counter({.name = name, .labels = {"i"}});
    for (int i = 0; i < 90; i++) {
      const std::string value = std::to_string(i);
      counter.with({value}).inc();
    }
  }
  SegmentReading reading = Read();
  std::uint64_t total = 0;
  for (const shm::FamilySnapshot& family : reading.snapshot().families) {
    for (const shm::SeriesSnapshot& series : family.series) total += series.integer;
  }
  EXPECT_EQ(total, 12U * 90U);
  EXPECT_EQ(reading.snapshot().segment.series_count, 1'000U);
  EXPECT_EQ(reading.Refusals(Refusal::kSeriesLimit), 12U * 90U - 1'000U);
}

TEST_F(RefusalTest, ASegmentWithoutRoomForCellsKeepsTheTotals) {
  const std::string small = folder_ + "/small.v1";
  Registry& registry = Registry::open(
      {.segment = small, .segment_bytes = 1U << 20U, .series_limit = 10'000, .worker_slots = 4});
  ASSERT_TRUE(registry.status().attached) << registry.status().error;
  const HistogramFamily latency =
      registry.histogram({.name = "latency", .labels = {"to"}}, buckets::linear(0, 1, 200));
  for (int i = 0; i < 1'000; i++) {
    const std::string to = std::to_string(i);
    latency.with({to}).observe(3);
  }
  const SegmentReading reading = testing::Read(small);
  double sum = 0;
  std::uint64_t count = 0;
  for (const shm::BucketSnapshot& bucket : reading.snapshot().buckets) {
    count += bucket.count;
    sum += bucket.sum;
  }
  EXPECT_EQ(count, 1'000U);
  EXPECT_EQ(sum, 3'000.0);
  EXPECT_GT(reading.Histogram("latency" + kOverflow).count, 0U);
  EXPECT_EQ(reading.Refusals(Refusal::kSegmentFull), reading.Histogram("latency" + kOverflow).count);
  EXPECT_TRUE(registry.status().full);
  const GaugeFamily late = registry.gauge({.name = "late", .labels = {"a"}});
  late.with({"b"}).set(1);  // it may have room or not, but must not crash
}

// The tables of the family itself may not fit. Then it is refused and says so.
TEST_F(RefusalTest, AFamilyThatHasNoRoomSaysSoAndItsHandlesWork) {
  const std::string small = folder_ + "/small.v1";
  Registry& registry = Registry::open(
      {.segment = small, .segment_bytes = 1U << 20U, .series_limit = 10'000, .worker_slots = 4});
  ASSERT_TRUE(registry.status().attached) << registry.status().error;
  const std::string help(4'000, 'h');
  std::string error;
  for (int i = 0; i < 1'000 && error.empty(); i++) {
    const std::string name = "family_" + std::to_string(i) + "_total";
    const CounterFamily family = registry.counter({.name = name, .help = help});
    family.inc();
    error = family.error();
  }
  EXPECT_THAT(error, Not(::testing::IsEmpty()));
  EXPECT_GE(RefusalsOf(registry, ErrorCode::kSegmentFull), 1U);
  EXPECT_GE(testing::Read(small).Refusals(Refusal::kSegmentFull), 1U);
}

class SlotRefusalTest : public RefusalTest {
 protected:
  SlotRefusalTest() {
    RegistryOptions options = Options();
    options.segment = small_ = folder_ + "/two-slots.v1";
    options.worker_slots = 2;
    options_ = options;
    Registry::open(options);
    for (int i = 0; i < 2; i++) {
      workers_.emplace_back([&] {
        Registry::open(options_).gauge({.name = "depth"}).set(1);
        ++*ready_;
        while (true) pause();
      });
    }
    WaitUntil([&] { return *ready_ == 2; });
  }

  std::string small_;
  RegistryOptions options_;
  SharedPage<std::atomic<int>> ready_;
  std::vector<Child> workers_;
};

TEST_F(SlotRefusalTest, WithMoreWorkersThanSlotsCountersCountAndGaugesAreRefusedAndCounted) {
  Registry& registry = Registry::open(options_);
  registry.counter({.name = "requests_total"}).inc(5);
  const GaugeFamily depth = registry.gauge({.name = "depth"});
  depth.set(100);
  depth.add(1);
  const SegmentReading reading = testing::Read(small_);
  EXPECT_EQ(reading.Counter("requests_total"), 5U);
  EXPECT_EQ(reading.Gauge("depth"), 2.0) << "those of the two who have slots";
  EXPECT_EQ(reading.AliveWorkers(), 2U);
  EXPECT_GE(reading.Refusals(Refusal::kNoFreeSlot), 1U);
  EXPECT_GE(RefusalsOf(registry, ErrorCode::kNoFreeSlot), 1U);
  EXPECT_TRUE(registry.status().full);
  EXPECT_TRUE(registry.status().attached);
}

TEST_F(SlotRefusalTest, ARefusedValueAppearsWhenASlotIsFree) {
  const GaugeFamily depth = Registry::open(options_).gauge({.name = "depth"});
  depth.set(100);
  depth.add(10);
  workers_[0].Kill();
  WaitUntil([&] {
    depth.add(1);
    depth.sub(1);
    return testing::Read(small_).Gauge("depth") > 1.0;
  });
  EXPECT_EQ(testing::Read(small_).Gauge("depth"), 111.0) << "what it was before, and the other worker's 1";
}

TEST_F(SlotRefusalTest, AGaugeOfModeLastNeedsNoSlot) {
  Registry::open(options_).gauge({.name = "load"}, GaugeMode::last).set(7);
  EXPECT_EQ(testing::Read(small_).Gauge("load"), 7.0);
}

}  // namespace
}  // namespace shmetrics
