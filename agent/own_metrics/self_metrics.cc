#include "agent/own_metrics/self_metrics.h"

#include <algorithm>
#include <cstdint>

#include "agent/base/version.h"
#include "agent/own_metrics/process_metrics.h"
#include "agent/own_metrics/segment_metrics.h"

namespace shmetrics::agent {
namespace {

void AddReloads(const ReloadStats& reloads, MetricBuilder* out) {
  out->Gauge(
      "shmetrics_config_last_reload_successful",
      "Whether the configuration was good when it was last read: 0 means that a former one is in force.",
      reloads.successful ? 1 : 0);
  out->Gauge("shmetrics_config_last_reload_success_timestamp_seconds",
             "When the configuration in force was read, in seconds after 1970.",
             static_cast<double>(reloads.success_unix_seconds));
}

void AddAnswers(const AnswerCounts& answers, MetricBuilder* out) {
  out->CounterFamily("shmetrics_http_requests_total",
                     "HTTP requests that were answered, on every path, by status.");
  for (std::size_t status = 0; status < AnswerCounts::kStatuses; ++status) {
    const std::uint64_t count = answers.Of(status);
    if (count > 0) out->Integer(count, {{"code", std::to_string(status)}});
  }
}

}  // namespace

SelfMetrics::SelfMetrics(const SegmentView& view, const std::string& segment_path, AgentStats* stats,
                         bool with_exporter_metrics) {
  const bool is_attached = view.state == SegmentView::State::kAttached;
  builder_.Gauge("shmetrics_up", "Whether the agent has a segment to read.", is_attached ? 1 : 0);
  builder_.Info("shmetrics_build_info", "What the agent was built from, and by which compiler.",
                {{"version", kVersion}, {"compiler", kCompiler}});
  if (is_attached) {
    AddSegmentMetrics(view.snapshot.segment, segment_path, &builder_);
    AddWorkerMetrics(view.snapshot, stats->worker_exits.Count(view.snapshot.segment.exits), &builder_);
  }
  AddFamilyMetrics(view.snapshot, &builder_);
  AddRefusalMetrics(view.snapshot, &builder_);
  AddReloads(stats->reload, &builder_);
  if (!with_exporter_metrics) return;
  stats->scrapes.AddMetrics(&builder_);
  AddAnswers(stats->answers, &builder_);
  AddProcessMetrics(&builder_);
}

}  // namespace shmetrics::agent
