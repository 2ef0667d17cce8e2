#include "agent/own_metrics/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "agent/base/version.h"
#include "tests/support/program.h"
#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::agent {
namespace {

using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class SelfMetricsTest : public ::testing::Test {
 protected:
  std::string Text(bool with_exporter_metrics = true) {
    return testing::TextOf(SelfMetrics(view_, "/segment", &stats_, with_exporter_metrics).snapshot());
  }

  SegmentView view_;
  AgentStats stats_;
};

TEST_F(SelfMetricsTest, WithoutASegmentTheAgentSaysThatItIsNotUp) {
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("\nshmetrics_up 0\n"));
  EXPECT_THAT(text, HasSubstr("shmetrics_build_info{version=\"" + std::string(kVersion) + "\",compiler=\""));
  EXPECT_THAT(text, HasSubstr("shmetrics_refusals_total{reason=\"busy\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("shmetrics_segment_limit_bytes")));
  EXPECT_THAT(text, Not(HasSubstr("shmetrics_workers")));
}

TEST_F(SelfMetricsTest, WithASegmentItsLimitsAndWorkersAreShown) {
  view_.state = SegmentView::State::kAttached;
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("\nshmetrics_up 1\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_segment_limit_bytes 0\n"));
  EXPECT_THAT(text, HasSubstr("\nshmetrics_workers{state=\"alive\"} 0\n"));
}

TEST_F(SelfMetricsTest, AFailedReloadIsSeen) {
  stats_.reload.success_unix_seconds = 1234;
  EXPECT_THAT(Text(), HasSubstr("\nshmetrics_config_last_reload_successful 1\n"));
  stats_.reload.successful = false;
  EXPECT_THAT(Text(), HasSubstr("\nshmetrics_config_last_reload_successful 0\n"));
  EXPECT_THAT(Text(), HasSubstr("\nshmetrics_config_last_reload_success_timestamp_seconds 1234\n"));
}

TEST_F(SelfMetricsTest, AnswersAreShownByStatus) {
  stats_.answers.Add(200);
  stats_.answers.Add(431);
  stats_.answers.Add(431);
  EXPECT_THAT(Text(), HasSubstr("\nshmetrics_http_requests_total{code=\"200\"} 1\n"
                                "shmetrics_http_requests_total{code=\"431\"} 2\n"));
}

TEST_F(SelfMetricsTest, PromtoolHasNoComplaints) {
  view_.state = SegmentView::State::kAttached;
  stats_.answers.Add(200);
  SnapshotBuilder workers;
  workers.Family("a_total", MetricType::kCounter).Counter("x=\"1\"", 1).snapshot.families[0].refused_series =
      1;
  view_.snapshot = workers.snapshot;
  const testing::Ended ended = testing::RunProgram({"promtool", "check", "metrics"}, Text());
  EXPECT_EQ(ended.code, 0) << ended.errors;
  EXPECT_THAT(ended.output + ended.errors, IsEmpty());
}

}  // namespace
}  // namespace shmetrics::agent
