#include "agent/metric_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "agent/exposition/text.h"
#include "tests/agent/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Text(const MetricBuilder& builder) {
  std::string text;
  WriteText(builder.snapshot(), &text);
  return text;
}

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

TEST(MetricBuilderTest, AUnitIsWhatTheNameEndsIn) {
  MetricBuilder builder;
  builder.CounterFamily("a_seconds_total", "");
  builder.GaugeFamily("b_bytes", "");
  builder.GaugeFamily("c", "");
  EXPECT_EQ(builder.snapshot().families[0].unit, "seconds");
  EXPECT_EQ(builder.snapshot().families[1].unit, "bytes");
  EXPECT_EQ(builder.snapshot().families[2].unit, "");
}

TEST(MetricBuilderTest, FamiliesWhoseNamesAnotherHasAreLeftOut) {
  testing::SnapshotBuilder others;
  others.Family("process_threads", MetricType::kGauge);
  others.Family("process_start_time", MetricType::kHistogram);
  MetricBuilder builder;
  builder.Gauge("process_threads", "", 1);
  builder.Counter("process_start_time_count_total", "", 1);
  builder.Gauge("process_open_fds", "", 1);
  builder.Gauge("shmetrics_up", "", 1);
  builder.LeaveOutCollidingWith(others.snapshot);
  EXPECT_THAT(Text(builder), Not(HasSubstr("process_threads")));
  EXPECT_THAT(Text(builder), Not(HasSubstr("process_start_time_count")));
  EXPECT_THAT(Text(builder), HasSubstr("process_open_fds 1\n"));
  EXPECT_THAT(Text(builder), HasSubstr("shmetrics_up 1\n"));
}

}  // namespace
}  // namespace shmetrics::agent
