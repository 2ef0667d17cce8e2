#include "agent/self_metrics.h"

#include <algorithm>
#include <array>
#include <utility>

#include "agent/version.h"

namespace shmetrics::agent {
namespace {

using shm::SeriesSnapshot;
using shm::layout::MetricType;

/// Indexed by shm::layout::Refusal.
constexpr std::array<std::string_view, shm::layout::kRefusals> kRefusalWords = {
    "invalid_definition", "conflict",      "name_collision",    "invalid_labels", "series_limit",
    "segment_full",       "out_of_memory", "no_free_slot",      "corrupt",        "lease_table_full",
    "ledger_full",        "busy",          "foreign_namespace", "unrecoverable",  "invalid_exemplar",
};
static_assert(!kRefusalWords.back().empty());

}  // namespace

SelfMetrics::SelfMetrics(const shm::Snapshot& segment, bool is_attached, std::uint64_t scrapes) {
  AddFamily("shmetrics_up", "Whether the agent has a segment to read.", MetricType::kGauge);
  AddGauge(is_attached ? 1 : 0);
  AddFamily("shmetrics_build_info", "Version of the agent.", MetricType::kGauge);
  AddGauge(1, "version", kVersion);
  AddFamily("shmetrics_scrapes_total", "Scrapes answered by this agent, this one included.",
            MetricType::kCounter);
  AddCounter(scrapes);
  if (is_attached) {
    AddSegment(segment.segment);
    AddWorkers(segment);
  }
  AddRefusals(segment);
  AddSkipped(segment.skipped);
}

void SelfMetrics::AddSegment(const shm::SegmentSnapshot& segment) {
  const auto add = [this](std::string_view name, std::string_view help, std::uint64_t value) {
    AddFamily(name, help, MetricType::kGauge);
    AddGauge(static_cast<double>(value));
  };
  add("shmetrics_segment_limit_bytes", "Size the segment can grow to.", segment.bytes);
  add("shmetrics_segment_committed_bytes", "Memory the segment has taken.", segment.committed_bytes);
  add("shmetrics_families", "Metric families in the segment.", segment.family_count);
  add("shmetrics_series", "Series in the segment.", segment.series_count);
  add("shmetrics_series_limit", "Series the segment can hold.", segment.series_limit);
  add("shmetrics_worker_slots", "Worker slots of the segment.", segment.slot_count);
  add("shmetrics_leases", "Leases that are live.", segment.leases);
  add("shmetrics_lease_limit", "Leases the segment can hold.", segment.lease_limit);
  add("shmetrics_lease_entries", "Places for leases that have memory, in use or free.",
      segment.lease_entries);
  add("shmetrics_ledger_entries", "Places for users in the ledger that have memory, in use or free.",
      segment.ledger_entries);
  add("shmetrics_ledger_limit", "Users the ledger can hold.", segment.ledger_limit);
  AddFamily("shmetrics_mutex_recoveries_total", "Locks taken over from a worker that died holding one.",
            MetricType::kCounter);
  AddCounter(segment.mutex_recoveries);
}

void SelfMetrics::AddWorkers(const shm::Snapshot& segment) {
  const auto alive = std::ranges::count_if(segment.workers, &shm::WorkerSnapshot::alive);
  const auto dead = std::ranges::ssize(segment.workers) - alive;
  AddFamily("shmetrics_workers", "Worker slots in use by a living worker, and left behind by a dead one.",
            MetricType::kGauge);
  AddGauge(static_cast<double>(alive), "state", "alive");
  AddGauge(static_cast<double>(dead), "state", "dead");
  // The dead cannot be counted: nobody is there to do it. Their slots are taken over, and that leaves a trace.
  AddFamily("shmetrics_worker_starts_total",
            "Worker slots taken: one for each process that has set a gauge or held a lease.",
            MetricType::kCounter);
  AddCounter(segment.segment.worker_starts);
}

void SelfMetrics::AddRefusals(const shm::Snapshot& segment) {
  AddFamily("shmetrics_refusals_total", "What workers asked for and did not get, by reason.",
            MetricType::kCounter);
  for (std::size_t i = 0; i < kRefusalWords.size(); ++i) {
    AddCounter(segment.segment.refusals[i], "reason", kRefusalWords[i]);
  }
  AddFamily("shmetrics_family_refused_series_total", "Label sets refused, by metric family.",
            MetricType::kCounter);
  for (const shm::FamilySnapshot& family : segment.families) {
    if (family.refused_series > 0) AddCounter(family.refused_series, "family", family.name);
  }
}

void SelfMetrics::AddSkipped(const shm::Skipped& skipped) {
  AddFamily("shmetrics_skipped_records_total",
            "Records of the segment passed over because they made no sense, by kind.", MetricType::kCounter);
  AddCounter(skipped.families, "reason", "family");
  AddCounter(skipped.series, "reason", "series");
  AddCounter(skipped.chains, "reason", "chain");
  AddCounter(skipped.collisions, "reason", "collision");
  AddCounter(skipped.gauges, "reason", "gauge");
  AddCounter(skipped.leases, "reason", "lease");
  AddCounter(skipped.exemplars, "reason", "exemplar");
}

void SelfMetrics::AddFamily(std::string_view name, std::string_view help, MetricType type) {
  shm::FamilySnapshot family{};
  family.name = name;
  family.help = help;
  family.type = type;
  snapshot_.families.push_back(std::move(family));
}

SeriesSnapshot* SelfMetrics::AddSeries(std::string_view label_name, std::string_view label_value) {
  shm::FamilySnapshot& family = snapshot_.families.back();
  std::string& text = texts_.emplace_back(family.name);
  if (!label_name.empty()) {
    text.append("{").append(label_name).append("=\"").append(label_value).append("\"}");
  }
  SeriesSnapshot series{};
  series.name_and_labels = text;
  series.name_bytes = static_cast<std::uint32_t>(family.name.size());
  series.worker = -1;
  family.series.push_back(series);
  return &family.series.back();
}

void SelfMetrics::AddCounter(std::uint64_t value, std::string_view label_name, std::string_view label_value) {
  AddSeries(label_name, label_value)->integer = value;
}

void SelfMetrics::AddGauge(double value, std::string_view label_name, std::string_view label_value) {
  AddSeries(label_name, label_value)->number = value;
}

}  // namespace shmetrics::agent
