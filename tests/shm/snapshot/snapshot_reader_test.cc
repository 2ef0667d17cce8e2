#include "shm/snapshot/snapshot_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "shm/base/clock.h"
#include "shm/cells.h"
#include "shm/segment/segment.h"
#include "shm/workers/gauges.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using testing::BareWorker;
using testing::Child;
using testing::CounterNamed;
using testing::FractionalCounterNamed;
using testing::GaugeNamed;
using testing::HistogramNamed;
using testing::HistogramReading;
using testing::PrivateFolder;
using testing::SegmentReading;
using testing::SharedPage;

class SnapshotTest : public ::testing::Test {
 protected:
  void ExpectNothingSkipped() {
    const Skipped& skipped = reading_.Again().snapshot().skipped;
    EXPECT_EQ(skipped.families, 0U);
    EXPECT_EQ(skipped.series, 0U);
    EXPECT_EQ(skipped.chains, 0U);
    EXPECT_EQ(skipped.collisions, 0U);
    EXPECT_EQ(skipped.gauges, 0U);
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  BareWorker worker_{path_};
  SegmentReading reading_{path_};
  SharedPage<std::atomic<bool>> ready_;
};

TEST_F(SnapshotTest, NewSegmentIsEmpty) {
  const Snapshot& snapshot = reading_.Again().snapshot();
  EXPECT_TRUE(snapshot.families.empty());
  EXPECT_TRUE(snapshot.workers.empty());
  EXPECT_EQ(snapshot.segment.bytes, 4U << 20U);
  EXPECT_EQ(snapshot.segment.slot_count, 16U);
  EXPECT_EQ(snapshot.segment.series_limit, 1'000U);
  EXPECT_EQ(snapshot.segment.series_count, 0U);
  EXPECT_GT(snapshot.segment.created_unix_ns, 0);
  EXPECT_EQ(snapshot.segment.committed_bytes, worker_.segment().CommittedBytes());
  ExpectNothingSkipped();
}

TEST_F(SnapshotTest, FamiliesAreSortedByNameAndSeriesByRegistration) {
  for (const char* name : {"b_total", "c_total", "a_total"}) {
    for (const char* value : {"2", "3", "1"})
      worker_.Count(CounterNamed(name, {"n"}), {value}, std::uint64_t{1});
  }
  for (int round = 0; round < 2; round++) {
    const Snapshot& snapshot = reading_.Again().snapshot();
    ASSERT_EQ(snapshot.families.size(), 3U);
    EXPECT_EQ(snapshot.families[0].name, "a_total");
    EXPECT_EQ(snapshot.families[1].name, "b_total");
    EXPECT_EQ(snapshot.families[2].name, "c_total");
    for (const FamilySnapshot& family : snapshot.families) {
      ASSERT_EQ(family.series.size(), 3U);
      EXPECT_EQ(family.series[0].labels(), "n=\"2\"");
      EXPECT_EQ(family.series[1].labels(), "n=\"3\"");
      EXPECT_EQ(family.series[2].labels(), "n=\"1\"");
    }
  }
}

TEST_F(SnapshotTest, SeriesSayWhenTheyWereRegisteredFirst) {
  const std::int64_t before = NowNs(CLOCK_REALTIME);
  worker_.Count(CounterNamed("a_total", {"n"}), {"1"}, std::uint64_t{1});
  worker_.Observe(HistogramNamed("h", {1}), {}, 1);
  worker_.Set(GaugeNamed("g", GaugeMode::kSum), {}, 1);
  const std::int64_t after = NowNs(CLOCK_REALTIME);
  const RegisteredFamily family = worker_.Register(CounterNamed("a_total", {"n"})).value();
  worker_.directory().OverflowSeries(family);
  reading_.Again();
  const std::int64_t created = reading_.CreatedUnixNs("a_total{n=\"1\"}");
  for (const std::int64_t time : {created, reading_.CreatedUnixNs("h"),
                                  reading_.CreatedUnixNs("a_total{otel_metric_overflow=\"true\"}")}) {
    EXPECT_GE(time, before);
    EXPECT_LE(time, after);
  }
  EXPECT_EQ(reading_.CreatedUnixNs("g"), 0) << "a gauge does not begin at 0";

  const testing::LabelValues one = {"1"};
  worker_.directory().RemoveSeries(family, one);
  worker_.Count(CounterNamed("a_total", {"n"}), {"1"}, std::uint64_t{1});
  EXPECT_EQ(reading_.Again().CreatedUnixNs("a_total{n=\"1\"}"), created) << "its value is the old one too";
}

TEST_F(SnapshotTest, SeriesThatShowNothingCountAgainstTheLimitOfTheirFamily) {
  const FamilyDefinition jobs = CounterNamed("jobs_total", {"kind"});
  const FamilyDefinition depth = GaugeNamed("depth", GaugeMode::kSum, {"kind"});
  ASSERT_TRUE(worker_.Register(jobs, {"a"}).ok());
  worker_.Register(jobs, {"b"}).value()->visibility = layout::Visibility::kHidden;
  ASSERT_TRUE(worker_.Register(depth, {"never set"}).ok());
  const Snapshot& snapshot = reading_.Again().snapshot();
  EXPECT_EQ(snapshot.families.at(0).registered_series, 1U);
  EXPECT_EQ(snapshot.families.at(0).series.size(), 0U);
  EXPECT_EQ(snapshot.families.at(1).registered_series, 2U);
  EXPECT_EQ(snapshot.families.at(1).series.size(), 1U);
}

TEST_F(SnapshotTest, SeriesRegisteredBetweenReadsAreTakenIn) {
  worker_.Count(CounterNamed("a_total", {"n"}), {"1"}, std::uint64_t{1});
  EXPECT_EQ(reading_.Again().Counter("a_total{n=\"1\"}"), 1U);
  worker_.Count(CounterNamed("a_total", {"n"}), {"2"}, std::uint64_t{5});
  worker_.Count(CounterNamed("b_total", {"n"}), {"2"}, std::uint64_t{6});
  reading_.Again();
  EXPECT_EQ(reading_.Counter("a_total{n=\"1\"}"), 1U);
  EXPECT_EQ(reading_.Counter("a_total{n=\"2\"}"), 5U);
  EXPECT_EQ(reading_.Counter("b_total{n=\"2\"}"), 6U);
  ExpectNothingSkipped();
}

TEST_F(SnapshotTest, EveryKindOfValueIsSummedOverTheStripes) {
  const FamilyDefinition histogram = HistogramNamed("h", {1, 2});
  std::vector<std::thread> threads;  // they use several stripes
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&] {
      BareWorker worker(path_);
      worker.Count(CounterNamed("c_total"), {}, std::uint64_t{2});
      worker.Count(FractionalCounterNamed("f_total"), {}, 0.5);
      worker.Observe(histogram, {}, 1.5);
    });
  }
  for (std::thread& thread : threads) thread.join();
  reading_.Again();
  EXPECT_EQ(reading_.Counter("c_total"), 16U);
  EXPECT_EQ(reading_.FractionalCounter("f_total"), 4.0);
  const HistogramReading h = reading_.Histogram("h");
  EXPECT_EQ(h.buckets, (std::vector<std::uint64_t>{0, 8, 0}));
  EXPECT_EQ(h.sum, 12.0);
}

TEST_F(SnapshotTest, TextsOutliveTheReader) {
  worker_.Count(CounterNamed("a_total", {"n"}), {"1"}, std::uint64_t{1});
  Snapshot snapshot;
  {
    auto segment = Segment::Attach(path_, Segment::Access::kReadOnly);
    SnapshotReader reader(segment.value());
    reader.Read(&snapshot);
  }
  EXPECT_EQ(snapshot.families.at(0).series.at(0).name_and_labels, "a_total{n=\"1\"}");
  EXPECT_EQ(snapshot.families[0].name, "a_total");
}

TEST_F(SnapshotTest, CountersNeverGoBackwardsWhileProcessesCountAndDie) {
  const FamilyDefinition counter = CounterNamed("c_total"), fractions = FractionalCounterNamed("f_total"),
                         histogram = HistogramNamed("h", {1});
  const auto body = [&] {
    BareWorker worker(path_);
    for (;;) {
      worker.Count(counter, {}, std::uint64_t{1});
      worker.Count(fractions, {}, 0.1);
      worker.Observe(histogram, {}, 0.5);
    }
  };
  std::vector<Child> workers;
  for (int i = 0; i < 4; i++) workers.emplace_back(body);
  std::uint64_t count = 0, observed = 0;
  double fraction = 0;
  for (int round = 0; round < 2'000 || observed == 0; round++) {
    if (round % 50 == 0) workers[static_cast<std::size_t>(round / 50 % 4)] = Child(body);
    reading_.Again();
    const HistogramReading h = reading_.Histogram("h");
    ASSERT_GE(reading_.Counter("c_total"), count);
    ASSERT_GE(reading_.FractionalCounter("f_total"), fraction);
    ASSERT_GE(h.count, observed);
    ASSERT_EQ(h.sum, 0.5 * static_cast<double>(h.count)) << "count and sum are of two moments";
    count = reading_.Counter("c_total");
    fraction = reading_.FractionalCounter("f_total");
    observed = h.count;
  }
  workers.clear();
  ExpectNothingSkipped();
}

// What a worker registers and sets between the two halves of a read is not skipped as nonsense.
TEST_F(SnapshotTest, NothingIsSkippedWhileGaugesAreRegisteredAndSet) {
  const std::string path = folder_ / "large";
  BareWorker creator(path, {.bytes = 64U << 20U, .family_series_limit = 10'000});
  const FamilyDefinition gauge = GaugeNamed("gauge", GaugeMode::kSum, {"n"});
  Child setter([&] {
    BareWorker worker(path);
    for (int i = 0; i < 10'000; i++) worker.Set(gauge, {std::to_string(i)}, 1);
    ready_->store(true);
    for (;;) pause();
  });
  SegmentReading reading(path);
  while (!ready_->load()) ASSERT_EQ(reading.Again().snapshot().skipped.gauges, 0U);
  EXPECT_EQ(reading.Again().Gauge("gauge{n=\"9999\"}"), 1.0);
}

TEST_F(SnapshotTest, ThreadsCountWhileOneReads) {
  auto series = worker_.Register(CounterNamed("c_total"), {});
  auto* cell = worker_.CellOf<std::uint64_t>(*series.value());
  const FamilyDefinition gauge = GaugeNamed("g", GaugeMode::kMostRecent);
  layout::GaugeCell* gauge_cell = worker_.GaugeCellOf(gauge, {}).value();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 20'000; n++) {
        AddToCounter(cell, 1);
        SetGauge(gauge_cell, i, GaugeOrder(worker_.segment(), GaugeMode::kMostRecent));
      }
    });
  }
  // It reads through the writers' mapping, so that ThreadSanitizer sees both sides.
  SnapshotReader reader(std::shared_ptr<const Segment>(std::shared_ptr<void>(), &worker_.segment()));
  Snapshot snapshot;
  for (int i = 0; i < 100; i++) reader.Read(&snapshot);
  for (std::thread& thread : threads) thread.join();
  reading_.Again();
  EXPECT_EQ(reading_.Counter("c_total"), 80'000U);
  EXPECT_LT(reading_.Gauge("g").value_or(-1), 4);
}

}  // namespace
}  // namespace shmetrics::shm
