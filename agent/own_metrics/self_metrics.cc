#include "agent/own_metrics/self_metrics.h"

#include <algorithm>
#include <cstdint>

#include "agent/base/log.h"
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

void AddSaves(const SaveStats& saves, MetricBuilder* out) {
  out->Counter("shmetrics_ledger_save_failures_total", "Times that the ledger could not be saved.",
               saves.failures);
  out->Gauge("shmetrics_ledger_last_save_success_timestamp_seconds",
             "When the saved ledger was last found to be as it should, in seconds after 1970; 0 if never.",
             static_cast<double>(saves.success_unix_seconds));
}

void AddResponses(const ResponseBudget& budget, MetricBuilder* out) {
  out->Gauge("shmetrics_http_response_bytes_in_flight",
             "Bytes of answers that clients have not taken yet, without those of at most 64 KiB.",
             static_cast<double>(budget.in_flight()));
  out->Gauge("shmetrics_http_response_bytes_in_flight_limit", "Bytes that may be in flight.",
             static_cast<double>(budget.limit()));
  out->Counter("shmetrics_http_responses_refused_total",
               "Requests answered by 503, because the answer did not fit into the bytes in flight.",
               budget.refused());
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
  AddSaves(stats->saves, &builder_);
  builder_.Counter("shmetrics_log_lines_dropped_total",
                   "Lines of the log that were lost, because the reader of stderr stood still or was gone.",
                   DroppedLogLines());
  if (!with_exporter_metrics) return;
  stats->scrapes.AddMetrics(&builder_);
  AddAnswers(stats->answers, &builder_);
  AddResponses(stats->response_budget, &builder_);
  AddProcessMetrics(&builder_);
}

}  // namespace shmetrics::agent
