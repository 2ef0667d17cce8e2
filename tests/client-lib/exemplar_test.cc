// Exemplars through the public interface.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

using shm::ExemplarSnapshot;
using testing::RunInChild;
using testing::SegmentReading;

class ExemplarTest : public testing::RegistryFixture {
 protected:
  /// The only exemplar of a series, as label block and value; empty if the series does not have exactly one.
  static std::string OnlyOf(const SegmentReading& reading, const std::string& series) {
    const std::vector<ExemplarSnapshot> exemplars = reading.Exemplars(series);
    return exemplars.size() == 1 ? exemplars[0].labels + " " + std::to_string(exemplars[0].value) : "";
  }
};

TEST_F(ExemplarTest, HandlesOfAllKindsKeepThemBesideWhatTheyCount) {
  Registry& registry = Open();
  const std::vector<LabelPair> labels = {{"trace_id", "4bf9"}, {"span_id", "2"}};
  const Counter jobs = registry.counter({.name = "jobs_total", .labels = {"a"}}).with({"x"});
  jobs.inc(2, {{"trace_id", "1"}});
  jobs.inc(3, labels);
  jobs.inc(-1, {{"trace_id", "no"}});
  registry.counter({.name = "plain_total"}).inc(1U, {{"trace_id", "p"}});
  const FractionalCounterFamily seconds = registry.fractional_counter({.name = "seconds_total"});
  seconds.inc(0.5, {{"trace_id", "f"}});
  seconds.inc(-0.5, {{"trace_id", "no"}});
  const HistogramFamily latency = registry.histogram({.name = "latency"}, {1, 2});
  latency.observe(0.25, {{"trace_id", "h"}});
  latency.with({}).observe(0.75);

  const SegmentReading reading = Read();
  EXPECT_EQ(OnlyOf(reading, R"(jobs_total{a="x"})"), R"(trace_id="4bf9",span_id="2" 3.000000)");
  EXPECT_EQ(reading.Counter(R"(jobs_total{a="x"})"), 5U);
  EXPECT_EQ(OnlyOf(reading, "plain_total"), R"(trace_id="p" 1.000000)");
  EXPECT_EQ(OnlyOf(reading, "seconds_total"), R"(trace_id="f" 0.500000)");
  EXPECT_EQ(reading.FractionalCounter("seconds_total"), 0.5);
  EXPECT_EQ(OnlyOf(reading, "latency"), R"(trace_id="h" 0.250000)");
  EXPECT_EQ(reading.Histogram("latency").count, 2U);
  EXPECT_EQ(reading.Refusals(shm::layout::Refusal::kInvalidExemplar), 0U);
}

TEST_F(ExemplarTest, ARefusedExemplarIsCountedAndItsObservationToo) {
  const Histogram latency = Open().histogram({.name = "latency"}, {1}).with({});
  latency.observe(1, {{"trace id", "x"}});
  latency.observe(1, std::vector<LabelPair>(1'000, LabelPair{"a", "x"}));
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Histogram("latency").count, 2U);
  EXPECT_EQ(reading.Refusals(shm::layout::Refusal::kInvalidExemplar), 2U);
  EXPECT_TRUE(reading.Exemplars("latency").empty());
}

TEST_F(ExemplarTest, WithoutASegmentItIsDropped) {
  RegistryOptions options = Options();
  options.segment = folder_ + "/absent/segment";
  const CounterFamily jobs = Registry::open(options).counter({.name = "jobs_total", .labels = {"a"}});
  jobs.with({"x"}).inc(1, {{"trace_id", "1"}});
  Counter().inc(1, {{"trace_id", "1"}});
  Histogram().observe(1, {{"trace_id", "1"}});
  EXPECT_FALSE(std::filesystem::exists(options.segment));
}

// Fault 15.
TEST_F(ExemplarTest, AForkedChildKeepsThemThroughItsParentsHandles) {
  const Histogram latency = Open().histogram({.name = "latency"}, {1}).with({});
  latency.observe(1, {{"pid", "parent"}});
  EXPECT_EQ(RunInChild([&] { latency.observe(0.5, {{"pid", "child"}}); }), 0);
  EXPECT_EQ(OnlyOf(Read(), "latency"), R"(pid="child" 0.500000)");
}

// Fault 26.
TEST_F(ExemplarTest, OldHandlesKeepThemInTheReplacedSegmentAndNewOnesInTheNew) {
  Registry& registry = Open();
  const CounterFamily jobs = registry.counter({.name = "jobs_total", .labels = {"a"}});
  const Counter old_handle = jobs.with({"x"});
  old_handle.inc(1, {{"trace_id", "first"}});
  SegmentReading old_segment(segment_);
  std::filesystem::remove(segment_);
  jobs.with({"y"});
  old_handle.inc(2, {{"trace_id", "old"}});
  jobs.with({"x"}).inc(3, {{"trace_id", "new"}});
  EXPECT_EQ(OnlyOf(old_segment.Again(), R"(jobs_total{a="x"})"), R"(trace_id="old" 2.000000)");
  EXPECT_EQ(OnlyOf(Read(), R"(jobs_total{a="x"})"), R"(trace_id="new" 3.000000)");
}

TEST_F(ExemplarTest, WhatTheLimitsRefuseKeepsItsExemplarInTheOverflowSeries) {
  const CounterFamily jobs = Open().counter({.name = "jobs_total", .labels = {"a"}});
  for (int i = 0; i <= 100; i++) jobs.with({std::to_string(i)}).inc(1, {{"n", std::to_string(i)}});
  EXPECT_EQ(OnlyOf(Read(), R"(jobs_total{otel_metric_overflow="true"})"), R"(n="100" 1.000000)");
}

}  // namespace
}  // namespace shmetrics
