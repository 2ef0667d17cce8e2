// Gauges in a snapshot: values of the living are combined by the gauge's mode, and values of the dead are
// gone.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot.h"
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
using testing::GaugeNamed;
using testing::PrivateFolder;
using testing::SegmentReading;
using testing::SharedPage;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class GaugeSnapshotTest : public ::testing::Test {
 protected:
  /// A worker process that sets `gauge` and then lives until it is killed.
  Child Setter(const FamilyDefinition& gauge, double value) {
    ready_->store(false);
    Child child([&] {
      BareWorker worker(path_);
      worker.Set(gauge, {}, value);
      ready_->store(true);
      for (;;) pause();
    });
    testing::WaitUntil([&] { return ready_->load(); });
    return child;
  }
  std::optional<double> Gauge(const std::string& series) { return reading_.Again().Gauge(series); }
  void ExpectNothingSkipped() {
    const Skipped& skipped = reading_.Again().snapshot().skipped;
    EXPECT_EQ(skipped.families + skipped.series + skipped.chains + skipped.collisions + skipped.gauges, 0U);
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  BareWorker worker_{path_};
  SegmentReading reading_{path_};
  SharedPage<std::atomic<bool>> ready_;
};

TEST_F(GaugeSnapshotTest, GaugesOfTheLivingAreCombinedByMode) {
  const FamilyDefinition gauges[] = {GaugeNamed("sum", GaugeMode::kSum), GaugeNamed("min", GaugeMode::kMin),
                                     GaugeNamed("max", GaugeMode::kMax),
                                     GaugeNamed("recent", GaugeMode::kMostRecent),
                                     GaugeNamed("each", GaugeMode::kPerWorker)};
  std::vector<Child> workers;
  for (const double value : {2.0, -1.0, 5.0}) {
    ready_->store(false);
    workers.emplace_back([&, value] {
      BareWorker worker(path_);
      for (const FamilyDefinition& gauge : gauges) worker.Set(gauge, {}, value);
      ready_->store(true);
      for (;;) pause();
    });
    testing::WaitUntil([&] { return ready_->load(); });
  }
  reading_.Again();
  EXPECT_EQ(reading_.Gauge("sum"), 6.0);
  EXPECT_EQ(reading_.Gauge("min"), -1.0);
  EXPECT_EQ(reading_.Gauge("max"), 5.0);
  EXPECT_EQ(reading_.Gauge("recent"), 5.0);
  EXPECT_EQ(reading_.PerWorker("each"), (std::vector<double>{2.0, -1.0, 5.0}));

  workers[2].Kill();  // fault 6
  reading_.Again();
  EXPECT_EQ(reading_.Gauge("sum"), 1.0);
  EXPECT_EQ(reading_.Gauge("min"), -1.0);
  EXPECT_EQ(reading_.Gauge("max"), 2.0);
  EXPECT_EQ(reading_.Gauge("recent"), -1.0) << "the latest set of those that live";
  EXPECT_EQ(reading_.PerWorker("each"), (std::vector<double>{2.0, -1.0}));

  workers.clear();
  reading_.Again();
  for (const FamilyDefinition& gauge : gauges)
    EXPECT_FALSE(reading_.Shows(gauge.name)) << gauge.name << " of nobody alive";
  ExpectNothingSkipped();
}

TEST_F(GaugeSnapshotTest, PerWorkerSeriesNameTheirSlots) {
  const FamilyDefinition each = GaugeNamed("each", GaugeMode::kPerWorker);
  const Child first = Setter(each, 1);
  const Child second = Setter(each, 2);
  const Snapshot& snapshot = reading_.Again().snapshot();
  ASSERT_EQ(snapshot.families.at(0).series.size(), 2U);
  for (const SeriesSnapshot& series : snapshot.families[0].series)
    EXPECT_EQ(series.number, 1.0 + series.worker);
}

TEST_F(GaugeSnapshotTest, GaugeNeverSetIsNotShown) {
  ASSERT_TRUE(worker_.Register(GaugeNamed("min", GaugeMode::kMin)).ok());
  ASSERT_TRUE(worker_.Register(GaugeNamed("last", GaugeMode::kLast)).ok());
  const Child other = Setter(GaugeNamed("min", GaugeMode::kMin), 7);
  reading_.Again();
  EXPECT_EQ(reading_.Gauge("min"), 7.0) << "this process has not set it: the minimum is not 0";
  EXPECT_FALSE(reading_.Shows("last"));
}

TEST_F(GaugeSnapshotTest, NotANumberSpoilsASumButNoMinimumOrMaximum) {
  const auto sum = GaugeNamed("sum", GaugeMode::kSum), min = GaugeNamed("min", GaugeMode::kMin),
             max = GaugeNamed("max", GaugeMode::kMax);
  std::vector<Child> workers;
  for (const auto& gauge : {sum, min, max}) {
    workers.push_back(Setter(gauge, kNaN));
    workers.push_back(Setter(gauge, 3));
    workers.push_back(Setter(gauge, kNaN));
  }
  reading_.Again();
  EXPECT_TRUE(std::isnan(reading_.Gauge("sum").value_or(0)));
  EXPECT_EQ(reading_.Gauge("min"), 3.0);
  EXPECT_EQ(reading_.Gauge("max"), 3.0);
}

TEST_F(GaugeSnapshotTest, GaugeOfModeLastSurvivesItsSetter) {
  const FamilyDefinition last = GaugeNamed("last", GaugeMode::kLast);
  Setter(last, 4).Kill();
  EXPECT_EQ(Gauge("last"), 4.0);
  Setter(last, 9).Kill();
  EXPECT_EQ(Gauge("last"), 9.0);
  EXPECT_EQ(reading_.AliveWorkers(), 0U);
}

TEST_F(GaugeSnapshotTest, RemovedGaugeSeriesIsNotShown) {
  const FamilyDefinition gauge = GaugeNamed("depth", GaugeMode::kSum, {"q"});
  worker_.Set(gauge, {"a"}, 1);
  worker_.Set(gauge, {"b"}, 2);
  const auto family = worker_.Register(gauge);
  ASSERT_TRUE(worker_.directory().RemoveSeries(family.value(), testing::LabelValues{"a"}));
  reading_.Again();
  EXPECT_FALSE(reading_.Shows("depth{q=\"a\"}"));
  EXPECT_EQ(reading_.Gauge("depth{q=\"b\"}"), 2.0);
  ExpectNothingSkipped();
}

}  // namespace
}  // namespace shmetrics::shm
