#include "agent/exposition/exposition.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "agent/own_metrics/self_metrics.h"
#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

/// The exit code of `promtool check metrics` for `text`.
int Promtool(const std::string& text) {
  std::FILE* const promtool = popen("promtool check metrics", "w");
  if (promtool == nullptr) return -1;
  std::fwrite(text.data(), 1, text.size(), promtool);
  return pclose(promtool);
}

TEST(ExpositionTest, PromtoolAcceptsEveryTypeAndTheAgentsOwnMetrics) {
  SnapshotBuilder builder;
  builder.Family("jobs_total", MetricType::kCounter).Counter("kind=\"a\\\\b\\\"c\\nd\"", 1);
  builder.snapshot.families.back().refused_series = 3;
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {0.005, 1, 1e6});
  builder.Histogram("method=\"GET\"", {{2, 0.004}, {3, 1.5}, {0, 0}, {1, 2e6}});
  builder.Family("threads", MetricType::kGauge, GaugeMode::kPerWorker).Number("", 5, 17);
  AgentStats stats;
  const SelfMetrics own({SegmentView::State::kAttached, {}, builder.snapshot}, "/none", &stats, true);
  std::string text;
  WriteExposition(std::array{&std::as_const(builder.snapshot), &own.snapshot()}, {}, false, &text);
  EXPECT_EQ(Promtool(text), 0) << text;
  EXPECT_NE(Promtool("bad.name 1\n"), 0) << "promtool must be able to refuse";
}

}  // namespace
}  // namespace shmetrics::agent
