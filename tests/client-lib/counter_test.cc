#include "shmetrics/counter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/registry.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

static_assert(std::is_trivially_copyable_v<Counter> && std::is_trivially_destructible_v<Counter>);
static_assert(std::is_trivially_copyable_v<FractionalCounter> &&
              std::is_trivially_destructible_v<FractionalCounter>);

/// A fraction must not be truncated silently.
template <class Handle, class Number>
concept CanInc = requires(Handle handle, Number number) {
  handle.inc(number);
};
static_assert(!CanInc<Counter, double> && !CanInc<CounterFamily, double>);
static_assert(CanInc<Counter, int> && CanInc<FractionalCounter, double>);

class CounterTest : public testing::RegistryFixture {
 protected:
  Registry& registry_ = Open();
};

TEST_F(CounterTest, AddsUpOverItsHandles) {
  const CounterFamily requests = registry_.counter({.name = "requests_total", .labels = {"code"}});
  const Counter handle = requests.with({"200"});
  const Counter copy = handle;  // NOLINT(performance-unnecessary-copy-initialization): that is the test
  handle.inc();
  copy.inc(4);
  requests.with({"200"}).inc(std::uint8_t{10});
  requests.with({"500"}).inc(100);
  EXPECT_EQ(Read().Counter("requests_total{code=\"200\"}"), 15U);
  EXPECT_EQ(Read().Counter("requests_total{code=\"500\"}"), 100U);
}

TEST_F(CounterTest, WithoutLabelsTheFamilyItselfCounts) {
  const CounterFamily requests = registry_.counter({.name = "requests_total"});
  EXPECT_TRUE(Read().Shows("requests_total")) << "it shows a zero before its first increment";
  requests.inc();
  requests.inc(2);
  requests.with({}).inc(4);
  EXPECT_EQ(Read().Counter("requests_total"), 7U);
}

TEST_F(CounterTest, OnAFamilyWithLabelsIncOfTheFamilyCountsNowhere) {
  registry_.counter({.name = "requests_total", .labels = {"code"}}).inc(5);
  EXPECT_EQ(Read().snapshot().segment.series_count, 0U);
  EXPECT_EQ(Read().Counter("requests_total"), 0U);
}

TEST_F(CounterTest, ANameWithoutTotalGetsIt) {
  registry_.counter({.name = "requests"}).inc();
  registry_.counter({.name = "requests_total"}).inc();
  EXPECT_EQ(Read().Counter("requests_total"), 2U);
  EXPECT_FALSE(Read().Shows("requests"));
}

// Fault 38.
TEST_F(CounterTest, ANegativeIncrementChangesNothing) {
  const CounterFamily requests = registry_.counter({.name = "requests_total"});
  requests.inc(5);
  requests.inc(-1);
  requests.inc(std::numeric_limits<std::int64_t>::min());
  requests.inc(0);
  EXPECT_EQ(Read().Counter("requests_total"), 5U);
}

// Fault 38.
TEST_F(CounterTest, WrapsAtTwoToThe64) {
  const CounterFamily requests = registry_.counter({.name = "requests_total"});
  requests.inc(std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(Read().Counter("requests_total"), std::numeric_limits<std::uint64_t>::max());
  requests.inc(3);
  EXPECT_EQ(Read().Counter("requests_total"), 2U);
}

TEST_F(CounterTest, AHandleThatWasNeverBoundCountsNowhere) {
  const Counter handle;
  handle.inc();
  Counter assigned;
  assigned = registry_.counter({.name = "requests_total"}).with({});
  assigned.inc();
  EXPECT_EQ(Read().Counter("requests_total"), 1U);
}

TEST_F(CounterTest, LabelValuesCanComeAsASpan) {
  const std::array<std::string_view, 2> values = {"GET", "200"};
  registry_.counter({.name = "requests_total", .labels = {"method", "code"}}).with(values).inc();
  EXPECT_EQ(Read().Counter("requests_total{method=\"GET\",code=\"200\"}"), 1U);
}

// Fault 34: characters that could break a line are escaped, the rest stays.
TEST_F(CounterTest, HostileLabelValuesAreEscaped) {
  const CounterFamily requests = registry_.counter({.name = "requests_total", .labels = {"path"}});
  requests.with({"a\"b\\c\nd"}).inc(1);
  requests.with({"\x1b[31m"}).inc(2);
  requests.with({"Grüße, 世界"}).inc(3);
  requests.with({""}).inc(4);
  EXPECT_EQ(Read().Counter("requests_total{path=\"a\\\"b\\\\c\\nd\"}"), 1U);
  EXPECT_EQ(Read().Counter("requests_total{path=\"\x1b[31m\"}"), 2U);
  EXPECT_EQ(Read().Counter("requests_total{path=\"Grüße, 世界\"}"), 3U);
  EXPECT_EQ(Read().Counter("requests_total{path=\"\"}"), 4U);
}

TEST_F(CounterTest, ValuesThatLookAlikeOnlyWhenEscapedAreDifferentSeries) {
  const CounterFamily requests = registry_.counter({.name = "requests_total", .labels = {"a", "b"}});
  requests.with({"x\",b=\"y", "z"}).inc(1);
  requests.with({"x", "y\",b=\"z"}).inc(2);
  EXPECT_EQ(Read().snapshot().segment.series_count, 2U);
  EXPECT_EQ(Read().Counter("requests_total{a=\"x\\\",b=\\\"y\",b=\"z\"}"), 1U);
}

using FractionalCounterTest = CounterTest;

TEST_F(FractionalCounterTest, AddsFractions) {
  const FractionalCounterFamily minutes =
      registry_.fractional_counter({.name = "minutes", .labels = {"user"}});
  minutes.with({"42"}).inc(0.25);
  minutes.with({"42"}).inc();
  EXPECT_EQ(Read().FractionalCounter("minutes_total{user=\"42\"}"), 1.25);
}

// Fault 38.
TEST_F(FractionalCounterTest, NegativeNumbersNanAndInfinitiesChangeNothing) {
  const FractionalCounterFamily minutes = registry_.fractional_counter({.name = "minutes_total"});
  minutes.inc(2.5);
  minutes.inc(-1);
  minutes.inc(std::nan(""));
  minutes.inc(kInfinity);
  minutes.inc(-kInfinity);
  EXPECT_EQ(Read().FractionalCounter("minutes_total"), 2.5);
}

TEST_F(FractionalCounterTest, AHandleThatWasNeverBoundCountsNowhere) {
  FractionalCounter handle;
  handle.inc(0.5);
  handle = registry_.fractional_counter({.name = "minutes_total"}).with({});
  handle.inc(0.5);
  EXPECT_EQ(Read().FractionalCounter("minutes_total"), 0.5);
}

}  // namespace
}  // namespace shmetrics
