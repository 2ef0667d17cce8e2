// Fault L17. What is added is finite, but the sum may pass the largest double. It must saturate, in each format and
// for good, and never become infinite or NaN.

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <string>
#include <thread>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/http_client.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

class OverflowTest : public testing::RegistryFixture {};

TEST_F(OverflowTest, AFractionalCounterStaysAtTheLargestDouble) {
  const FractionalCounter seconds = Open().fractional_counter({.name = "seconds_total"}).with({});
  for (int i = 0; i < 3; i++) seconds.inc(DBL_MAX);
  seconds.inc(1);
  EXPECT_EQ(Read().FractionalCounter("seconds_total"), DBL_MAX);
}

TEST_F(OverflowTest, TheSumOfTwoStripesSaturatesToo) {
  const FractionalCounter seconds = Open().fractional_counter({.name = "seconds_total"}).with({});
  for (int i = 0; i < 8; i++) std::thread([&] { seconds.inc(DBL_MAX); }).join();
  EXPECT_EQ(Read().FractionalCounter("seconds_total"), DBL_MAX);
}

TEST_F(OverflowTest, AHistogramsSumStaysFiniteInBothDirectionsAndItsCountIsExact) {
  const HistogramFamily family = Open().histogram({.name = "offset", .labels = {"way"}}, {1});
  for (int i = 0; i < 3; i++) {
    family.with({"up"}).observe(DBL_MAX);
    family.with({"down"}).observe(-DBL_MAX);
    family.with({"both"}).observe(i % 2 == 0 ? DBL_MAX : -DBL_MAX);
  }
  const testing::SegmentReading reading = Read();
  EXPECT_EQ(reading.Histogram("offset{way=\"up\"}").sum, DBL_MAX);
  EXPECT_EQ(reading.Histogram("offset{way=\"up\"}").count, 3U);
  EXPECT_EQ(reading.Histogram("offset{way=\"down\"}").sum, -DBL_MAX);
  EXPECT_TRUE(std::isfinite(reading.Histogram("offset{way=\"both\"}").sum));
}

TEST_F(OverflowTest, NoFormatOfTheAgentShowsAnInfiniteSum) {
  Registry& registry = Open();
  const Histogram offset = registry.histogram({.name = "offset"}, {1, 2}).with({});
  for (const double value : {DBL_MAX, DBL_MAX, 1.5, -DBL_MAX}) offset.observe(value);
  const FractionalCounter seconds = registry.fractional_counter({.name = "seconds_total"}).with({});
  for (int i = 0; i < 2; i++) seconds.inc(DBL_MAX);
  testing::Agent agent(SHMETRICS_AGENT, segment_);
  for (const std::string path : {"/metrics", "/api/v1/metrics", "/api/v1/families?top=5"}) {
    const std::string body = testing::Get(agent.port(), path).body;
    EXPECT_EQ(body.find("offset_sum +Inf"), std::string::npos) << body;
    EXPECT_EQ(body.find("offset_sum NaN"), std::string::npos) << body;
    EXPECT_EQ(body.find("seconds_total +Inf"), std::string::npos) << body;
    EXPECT_EQ(body.find(": null"), std::string::npos) << body;
  }
}

}  // namespace
}  // namespace shmetrics
