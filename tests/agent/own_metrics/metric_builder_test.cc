#include "agent/own_metrics/metric_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "tests/support/text_of.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;

std::string Text(const MetricBuilder& builder) { return shmetrics::testing::TextOf(builder.snapshot()); }

TEST(MetricBuilderTest, FamiliesOfEveryTypeAreWrittenAsTheyWereAdded) {
  constexpr std::array<double, 2> kBounds = {1, 2};
  MetricBuilder builder;
  builder.Counter("a_total", "A.", 3);
  builder.Gauge("b", "B.", 1.5);
  builder.Family("c_seconds_total", "C.", MetricType::kFractionalCounter);
  builder.Number(0.25, {{"x", "1"}, {"y", "2"}});
  builder.Family("d", "D.", MetricType::kHistogram, GaugeMode::kNone, kBounds);
  builder.Histogram(std::array<shm::BucketSnapshot, 3>{{{1, 0.5}, {2, 3}, {0, 0}}});
  builder.Info("e_info", "E.", {{"path", "a\"b\\c\nd"}});
  EXPECT_EQ(
      Text(builder),
      "# HELP a_total A.\n# TYPE a_total counter\na_total 3\n"
      "# HELP b B.\n# TYPE b gauge\nb 1.5\n"
      "# HELP c_seconds_total C.\n# TYPE c_seconds_total counter\nc_seconds_total{x=\"1\",y=\"2\"} 0.25\n"
      "# HELP d D.\n# TYPE d histogram\nd_bucket{le=\"1.0\"} 1\nd_bucket{le=\"2.0\"} 3\n"
      "d_bucket{le=\"+Inf\"} 3\nd_sum 3.5\nd_count 3\n"
      "# HELP e_info E.\n# TYPE e_info gauge\ne_info{path=\"a\\\"b\\\\c\\nd\"} 1\n");
}

TEST(MetricBuilderTest, TheEndOfANameIsItsUnit) {
  MetricBuilder builder;
  builder.CounterFamily("a_seconds_total", "");
  builder.GaugeFamily("b_bytes", "");
  builder.GaugeFamily("c", "");
  EXPECT_EQ(builder.snapshot().families[0].unit, "seconds");
  EXPECT_EQ(builder.snapshot().families[1].unit, "bytes");
  EXPECT_EQ(builder.snapshot().families[2].unit, "");
}

}  // namespace
}  // namespace shmetrics::agent
