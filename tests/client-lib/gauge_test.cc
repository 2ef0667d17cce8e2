#include "shmetrics/gauge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/registry.h"
#include "tests/support/child.h"
#include "tests/support/gate.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::SegmentReading;
using testing::SharedPage;
using ::testing::UnorderedElementsAre;
using testing::WaitUntil;

const double kNan = std::nan("");

static_assert(std::is_trivially_copyable_v<Gauge> && std::is_trivially_destructible_v<Gauge>);

class GaugeTest : public testing::RegistryFixture {
 protected:
  /// Starts one worker after the other; each sets "depth" to one of `values`. All live until the test ends.
  void SetInOneWorkerEach(GaugeMode mode, const std::vector<double>& values) {
    for (const double value : values) {
      const std::uint64_t before = done_->load();
      workers_.emplace_back([&] {
        Open().gauge({.name = "depth"}, mode).set(value);
        ++*done_;
        while (true) pause();
      });
      WaitUntil([&] { return *done_ == before + 1; });
    }
  }

  SharedPage<std::atomic<std::uint64_t>> done_;
  std::vector<Child> workers_;
};

TEST_F(GaugeTest, SetAddAndSubChangeTheValueOfThisProcess) {
  const Gauge depth = Open().gauge({.name = "depth", .labels = {"queue"}}).with({"a"});
  depth.add(5);
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 5.0) << "before its first set it counts as 0";
  depth.set(3);
  depth.add(1.5);
  depth.sub(2);
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 2.5);
}

TEST_F(GaugeTest, DoesNotExistBeforeItIsSet) {
  Registry& registry = Open();
  const GaugeFamily depth = registry.gauge({.name = "depth"});
  const Gauge labelled = registry.gauge({.name = "width", .labels = {"queue"}}).with({"a"});
  EXPECT_EQ(Read().Gauge("depth"), std::nullopt);
  EXPECT_EQ(Read().Gauge("width{queue=\"a\"}"), std::nullopt);
  depth.set(0);
  labelled.set(-0.0);
  EXPECT_EQ(Read().Gauge("depth"), 0.0);
  EXPECT_EQ(Read().Gauge("width{queue=\"a\"}"), 0.0);
}

TEST_F(GaugeTest, AnyDoubleIsAValue) {
  const GaugeFamily depth = Open().gauge({.name = "depth"});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  for (const double value : {kInfinity, -kInfinity, -1e300, 5e-324}) {
    depth.set(value);
    EXPECT_EQ(Read().Gauge("depth"), value);
  }
  depth.set(kNan);
  ASSERT_TRUE(Read().Gauge("depth").has_value());
  EXPECT_TRUE(std::isnan(*Read().Gauge("depth")));
}

TEST_F(GaugeTest, AHandleThatWasNeverBoundIsShownNowhere) {
  Gauge handle;
  handle.set(1);
  handle = Open().gauge({.name = "depth"}).with({});
  EXPECT_EQ(Read().Gauge("depth"), std::nullopt);
  handle.set(2);
  EXPECT_EQ(Read().Gauge("depth"), 2.0);
}

TEST_F(GaugeTest, OnAFamilyWithLabelsSetOfTheFamilyIsShownNowhere) {
  const GaugeFamily depth = Open().gauge({.name = "depth", .labels = {"queue"}});
  depth.set(1);
  depth.add(1);
  depth.sub(1);
  EXPECT_EQ(Read().snapshot().segment.series_count, 0U);
}

TEST_F(GaugeTest, EveryHandleOfASeriesInAProcessMeansOneValue) {
  const std::array<std::string_view, 1> values = {"a"};
  Open().gauge({.name = "depth", .labels = {"queue"}}).with(values).set(3);
  const GaugeFamily again = Open().gauge({.name = "depth", .labels = {"queue"}});
  again.with({"a"}).set(4);
  EXPECT_EQ(Read().AliveWorkers(), 2U) << "two registries are two workers, even in one process";
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 7.0);
  again.with({"a"}).add(10);
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 17.0);
}

TEST_F(GaugeTest, AProcessCanShowMoreGaugesThanOneBlockHolds) {
  const GaugeFamily depth = Open().gauge({.name = "depth", .labels = {"queue"}});
  for (int i = 0; i < 100; i++) {
    const std::string queue = std::to_string(i);
    depth.with({queue}).set(i);
  }
  const SegmentReading reading = Read();
  for (int i = 0; i < 100; i++) {
    EXPECT_EQ(reading.Gauge("depth{queue=\"" + std::to_string(i) + "\"}"), i);
  }
}

TEST_F(GaugeTest, SumIsThatOfTheLiving) {
  SetInOneWorkerEach(GaugeMode::sum, {1, 10, 100});
  EXPECT_EQ(Read().Gauge("depth"), 111.0);
  workers_[1].Kill();
  EXPECT_EQ(Read().Gauge("depth"), 101.0);
  workers_.clear();
  EXPECT_EQ(Read().Gauge("depth"), std::nullopt) << "no living setter, no series";
}

TEST_F(GaugeTest, MinIsTheSmallestOfTheLiving) {
  SetInOneWorkerEach(GaugeMode::min, {5, 3, 4});
  EXPECT_EQ(Read().Gauge("depth"), 3.0);
  workers_[1].Kill();
  EXPECT_EQ(Read().Gauge("depth"), 4.0);
}

TEST_F(GaugeTest, MaxIsTheLargestOfTheLiving) {
  SetInOneWorkerEach(GaugeMode::max, {-5, -3, -4});
  EXPECT_EQ(Read().Gauge("depth"), -3.0);
  workers_[1].Kill();
  EXPECT_EQ(Read().Gauge("depth"), -4.0);
}

TEST_F(GaugeTest, MinAndMaxPassOverNan) {
  SetInOneWorkerEach(GaugeMode::max, {kNan, 2});
  EXPECT_EQ(Read().Gauge("depth"), 2.0);
  workers_[1].Kill();
  EXPECT_TRUE(std::isnan(Read().Gauge("depth").value_or(0))) << "only NaN is left";
}

TEST_F(GaugeTest, MostRecentIsThatOfTheLivingWorkerThatSetItLast) {
  SetInOneWorkerEach(GaugeMode::most_recent, {3, 9, 1});
  EXPECT_EQ(Read().Gauge("depth"), 1.0);
  workers_[2].Kill();
  EXPECT_EQ(Read().Gauge("depth"), 9.0) << "the value set last by one who lives";
}

TEST_F(GaugeTest, PerWorkerShowsEachLivingWorkersValue) {
  SetInOneWorkerEach(GaugeMode::per_worker, {3, 9, 1});
  EXPECT_THAT(Read().PerWorker("depth"), UnorderedElementsAre(3, 9, 1));
  workers_[0].Kill();
  EXPECT_THAT(Read().PerWorker("depth"), UnorderedElementsAre(9, 1));
  workers_.clear();
  EXPECT_THAT(Read().PerWorker("depth"), IsEmpty());
}

TEST_F(GaugeTest, LastBelongsToTheHostAndSurvivesItsSetter) {
  SetInOneWorkerEach(GaugeMode::last, {3, 9});
  EXPECT_EQ(Read().Gauge("depth"), 9.0);
  workers_.clear();
  EXPECT_EQ(Read().Gauge("depth"), 9.0);
  Open().gauge({.name = "depth"}, GaugeMode::last).add(1);
  EXPECT_EQ(Read().Gauge("depth"), 10.0);
}

TEST_F(GaugeTest, AWorkerThatNeverSetASeriesHasNoPartInIt) {
  SetInOneWorkerEach(GaugeMode::min, {5});
  Registry& registry = Open();
  registry.gauge({.name = "depth"}, GaugeMode::min);
  registry.gauge({.name = "other"}).set(-100);
  EXPECT_EQ(Read().AliveWorkers(), 2U);
  EXPECT_EQ(Read().Gauge("depth"), 5.0) << "not 0";
}

// Fault 6, without an agent: the next reading does not show its gauges, and its slot is free.
TEST_F(GaugeTest, ADeadWorkersSlotIsTakenByTheNextWithoutItsGauges) {
  SetInOneWorkerEach(GaugeMode::sum, {5});
  workers_[0].Kill();
  Registry& registry = Open();
  registry.gauge({.name = "other"}).set(1);
  const SegmentReading reading = Read();
  ASSERT_EQ(reading.snapshot().workers.size(), 1U) << "the slot was used again";
  EXPECT_EQ(reading.snapshot().workers[0].epoch, 2U);
  EXPECT_EQ(reading.Gauge("depth"), std::nullopt);
}

TEST_F(GaugeTest, AWorkerThatOnlyCountsTakesNoSlot) {
  Registry& registry = Open();
  registry.counter({.name = "requests_total"}).inc();
  registry.gauge({.name = "load"}, GaugeMode::last).set(1);
  EXPECT_THAT(Read().snapshot().workers, IsEmpty());
}

}  // namespace
}  // namespace shmetrics
