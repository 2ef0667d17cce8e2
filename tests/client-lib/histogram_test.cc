#include "shmetrics/histogram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string_view>
#include <type_traits>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/registry.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

using shm::layout::Refusal;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HistogramReading;
using testing::RefusalsOf;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

static_assert(std::is_trivially_copyable_v<Histogram> && std::is_trivially_destructible_v<Histogram>);

TEST(BucketsTest, LinearBucketsAreEquallyWide) {
  EXPECT_THAT(buckets::linear(-1, 0.5, 4), ElementsAre(-1, -0.5, 0, 0.5));
}

TEST(BucketsTest, ExponentialBucketsGrowByTheFactor) {
  EXPECT_THAT(buckets::exponential(0.001, 2, 4),
              ElementsAre(DoubleEq(0.001), DoubleEq(0.002), DoubleEq(0.004), DoubleEq(0.008)));
}

class HistogramTest : public testing::RegistryFixture {
 protected:
  Registry& registry_ = Open();

  void ExpectBoundsRefused(const Buckets& bounds, const std::string& why) {
    const HistogramFamily family = registry_.histogram({.name = "latency"}, bounds);
    EXPECT_FALSE(family.ok());
    EXPECT_THAT(family.error(), HasSubstr(why));
    family.observe(1);
    EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kInvalidBuckets), 1U);
    EXPECT_EQ(Read().Refusals(Refusal::kInvalidDefinition), 1U);
  }
};

TEST_F(HistogramTest, CountsAnObservationInTheBucketOfTheSmallestBoundThatIsNotBelowIt) {
  const Histogram latency =
      registry_.histogram({.name = "latency", .labels = {"path"}}, {1, 2, 4}).with({"/"});
  for (const double value : {-3.0, 1.0, 1.5, 2.0, 4.0, 4.5, 100.0}) latency.observe(value);
  const HistogramReading reading = Read().Histogram("latency{path=\"/\"}");
  EXPECT_THAT(reading.buckets, ElementsAre(2, 2, 1, 2));
  EXPECT_EQ(reading.count, 7U);
  EXPECT_EQ(reading.sum, 110.0);
}

TEST_F(HistogramTest, WithoutLabelsTheFamilyItselfObserves) {
  const HistogramFamily latency = registry_.histogram({.name = "latency"}, {1});
  EXPECT_TRUE(Read().Shows("latency")) << "it shows zeros before its first observation";
  latency.observe(0.5);
  latency.with({}).observe(3);
  EXPECT_EQ(Read().Histogram("latency").sum, 3.5);
}

TEST_F(HistogramTest, OnAFamilyWithLabelsObserveOfTheFamilyCountsNowhere) {
  registry_.histogram({.name = "latency", .labels = {"path"}}, {1, 2, 4}).observe(3);
  EXPECT_EQ(Read().snapshot().segment.series_count, 0U);
}

// Fault 38: NaN and infinities are counted where possible, and never spoil the sum.
TEST_F(HistogramTest, NanAndInfinitiesAreCountedButNotSummed) {
  const HistogramFamily latency = registry_.histogram({.name = "latency"}, {1, 2});
  latency.observe(1.5);
  latency.observe(std::nan(""));
  latency.observe(kInfinity);
  latency.observe(-kInfinity);
  const HistogramReading reading = Read().Histogram("latency");
  EXPECT_THAT(reading.buckets, ElementsAre(1, 1, 2));
  EXPECT_EQ(reading.sum, 1.5);
}

TEST_F(HistogramTest, AHandleThatWasNeverBoundCountsNowhere) {
  Histogram handle;
  handle.observe(1);
  handle = registry_.histogram({.name = "latency"}, {1, 2}).with({});
  handle.observe(1);
  EXPECT_EQ(Read().Histogram("latency").count, 1U);
}

TEST_F(HistogramTest, LabelValuesCanComeAsASpan) {
  const std::array<std::string_view, 1> values = {"/"};
  registry_.histogram({.name = "latency", .labels = {"path"}}, {1}).with(values).observe(1);
  EXPECT_EQ(Read().Histogram("latency{path=\"/\"}").count, 1U);
}

TEST_F(HistogramTest, NoBoundsAreRefused) { ExpectBoundsRefused({}, "0 bucket bounds"); }
TEST_F(HistogramTest, BoundsThatDoNotIncreaseAreRefused) { ExpectBoundsRefused({1, 3, 2}, "bucket bound 2"); }
TEST_F(HistogramTest, EqualBoundsAreRefused) { ExpectBoundsRefused({1, 1}, "bucket bound 1"); }
TEST_F(HistogramTest, ABoundOfNanIsRefused) { ExpectBoundsRefused({std::nan("")}, "bucket bound 0"); }
TEST_F(HistogramTest, AnInfiniteBoundIsRefused) { ExpectBoundsRefused({1, kInfinity}, "bucket bound 1"); }
TEST_F(HistogramTest, AFactorOfOneGivesBoundsThatAreRefused) {
  ExpectBoundsRefused(buckets::exponential(1, 1, 3), "bucket bound 1");
}
TEST_F(HistogramTest, TooManyBoundsAreRefused) {
  EXPECT_TRUE(registry_.histogram({.name = "fine"}, buckets::linear(0, 1, 255)).ok());
  ExpectBoundsRefused(buckets::linear(0, 1, 256), "256 bucket bounds");
}

TEST_F(HistogramTest, EachOf256BucketsCounts) {
  const HistogramFamily latency = registry_.histogram({.name = "latency"}, buckets::linear(0, 1, 255));
  for (int i = 0; i < 256; i++) latency.observe(i);
  EXPECT_THAT(Read().Histogram("latency").buckets, ::testing::SizeIs(256));
  EXPECT_THAT(Read().Histogram("latency").buckets, ::testing::Each(1));
}

using ScopedTimerTest = HistogramTest;

TEST_F(ScopedTimerTest, ObservesOnceWhenItEndsHowLongItLived) {
  const HistogramFamily latency = registry_.histogram({.name = "latency"}, {1'000});
  {
    const ScopedTimer timer(latency.with({}));
    EXPECT_EQ(Read().Histogram("latency").count, 0U);
    const auto begun = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(2)) {
    }
  }
  EXPECT_EQ(Read().Histogram("latency").count, 1U);
  EXPECT_GE(Read().Histogram("latency").sum, 0.002) << "in seconds, and not less than it lived";
}

}  // namespace
}  // namespace shmetrics
