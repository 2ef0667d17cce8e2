#include "agent/own_metrics/segment_metrics.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/own_metrics/refusal_words.h"
#include "agent/own_metrics/worker_end_words.h"
#include "shm/layout/layout.h"
#include "shm/series/label_block.h"

namespace shmetrics::agent {
namespace {

/// A segment may have 65,536 families. A family in trouble is among the first hundred.
constexpr std::size_t kMaxFamiliesShown = 100;

std::string Hex(const std::array<std::uint8_t, 16>& id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : id) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

void AddFileSystem(const std::string& path, MetricBuilder* out) {
  struct statvfs filesystem {};
  if (statvfs(path.c_str(), &filesystem) != 0) return;
  const auto block = static_cast<double>(filesystem.f_frsize);
  out->Gauge("shmetrics_segment_filesystem_size_bytes", "Size of the file system that the segment is on.",
             static_cast<double>(filesystem.f_blocks) * block);
  out->Gauge("shmetrics_segment_filesystem_avail_bytes",
             "Room left on the file system that the segment is on.",
             static_cast<double>(filesystem.f_bavail) * block);
}

using FamilyCount = std::pair<std::uint64_t, std::string_view>;

/// Adds the largest of `counts` but those of 0. They are sorted by name, so that they keep their order
/// between scrapes.
void AddLargest(std::vector<FamilyCount> counts, const auto& add) {
  std::erase_if(counts, [](const FamilyCount& count) { return count.first == 0; });
  const auto shown = static_cast<std::ptrdiff_t>(std::min(counts.size(), kMaxFamiliesShown));
  std::ranges::partial_sort(counts, counts.begin() + shown, [](const FamilyCount& a, const FamilyCount& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  counts.resize(static_cast<std::size_t>(shown));
  std::ranges::sort(counts, {}, &FamilyCount::second);
  for (const auto& [count, name] : counts) add(count, name);
}

}  // namespace

void AddSegmentMetrics(const shm::SegmentSnapshot& segment, const std::string& path, MetricBuilder* out) {
  out->Info("shmetrics_segment_info",
            "The segment that is read: its random id, the number of its layout, its path.",
            {{"id", Hex(segment.id)},
             {"layout", std::to_string(shm::kLayoutMajor)},
             {"path", shm::IsValidUtf8(path) ? path : std::string_view()}});
  const auto gauge = [out](std::string_view name, std::string_view help, std::uint64_t value) {
    out->Gauge(name, help, static_cast<double>(value));
  };
  constexpr double kNanosecond = 1e-9;
  out->Gauge("shmetrics_segment_created_timestamp_seconds",
             "When the segment was made, in seconds after 1970.",
             static_cast<double>(segment.created_unix_ns) * kNanosecond);
  gauge("shmetrics_segment_limit_bytes", "Size the segment can grow to.", segment.bytes);
  gauge("shmetrics_segment_committed_bytes", "Memory the segment has taken.", segment.committed_bytes);
  AddFileSystem(path, out);
  gauge("shmetrics_segment_stripes", "Stripes of the segment: so many cells each counter has.",
        segment.stripe_count);
  gauge("shmetrics_families", "Metric families in the segment.", segment.family_count);
  gauge("shmetrics_family_limit", "Metric families the segment can hold.", shm::layout::kMaxFamilies);
  gauge("shmetrics_series", "Series in the segment.", segment.series_count);
  gauge("shmetrics_series_limit", "Series the segment can hold.", segment.series_limit);
  gauge("shmetrics_family_series_limit", "Series one metric family can hold.", segment.family_series_limit);
  gauge("shmetrics_worker_slots", "Worker slots of the segment.", segment.slot_count);
  gauge("shmetrics_leases", "Leases that are live.", segment.leases);
  gauge("shmetrics_lease_limit", "Leases the segment can hold.", segment.lease_limit);
  gauge("shmetrics_lease_entries", "Places for leases that have memory, in use or free.",
        segment.lease_entries);
  gauge("shmetrics_ledger_entries", "Users in the ledger.", segment.ledger_entries);
  gauge("shmetrics_ledger_limit", "Users the ledger can hold.", segment.ledger_limit);
  out->Counter("shmetrics_ledger_forgotten_total",
               "Users without a tier that the ledger has forgotten, because another needed the place.",
               segment.ledger_forgotten);
  out->Counter(
      "shmetrics_ledger_clock_jumps_total",
      "Times that the day of the ledger became one to which time alone cannot have led: a wall clock "
      "that was set, or set right.",
      segment.ledger_jumps);
  gauge(
      "shmetrics_ledger_loaded",
      "Whether a worker has loaded what was saved before the segment was made; until then nothing is saved.",
      segment.ledger_loaded ? 1 : 0);
  out->Counter("shmetrics_mutex_recoveries_total", "Locks taken over from a worker that died holding one.",
               segment.mutex_recoveries);
}

void AddWorkerMetrics(const shm::Snapshot& segment, const shm::Exits& exits, MetricBuilder* out) {
  const auto alive =
      static_cast<std::uint64_t>(std::ranges::count_if(segment.workers, &shm::WorkerSnapshot::alive));
  out->GaugeFamily("shmetrics_workers",
                   "Worker slots in use by a living worker, and left behind by a dead one.");
  out->Number(static_cast<double>(alive), {{"state", "alive"}});
  out->Number(static_cast<double>(segment.workers.size() - alive), {{"state", "dead"}});
  out->Counter("shmetrics_worker_starts_total",
               "Worker slots taken: one for each process that has set a gauge or held a lease.",
               segment.segment.worker_starts);
  out->CounterFamily(
      "shmetrics_worker_exits_total",
      "Workers that are gone, by how: ended by themselves, exec of another program, or unknown.");
  out->Integer(exits.ended, {{"how", WordOf(shm::WorkerEnd::kEnded)}});
  out->Integer(exits.execs, {{"how", WordOf(shm::WorkerEnd::kExec)}});
  out->Integer(exits.unknown, {{"how", WordOf(shm::WorkerEnd::kUnknown)}});
  out->Counter("shmetrics_worker_losses_total",
               "Workers that are gone in an unknown way and held leases or showed gauges.", exits.losses);
}

void AddFamilyMetrics(const shm::Snapshot& segment, MetricBuilder* out) {
  std::vector<FamilyCount> series;
  std::vector<FamilyCount> refused;
  for (const shm::FamilySnapshot& family : segment.families) {
    series.emplace_back(family.registered_series, family.name);
    refused.emplace_back(family.refused_series, family.name);
  }
  const auto add = [out](std::uint64_t count, std::string_view name) {
    out->Integer(count, {{"family", name}});
  };
  out->GaugeFamily("shmetrics_family_series",
                   "Label sets that count against the limit of their family, of the 100 that have the most.");
  AddLargest(std::move(series), [out](std::uint64_t count, std::string_view name) {
    out->Number(static_cast<double>(count), {{"family", name}});
  });
  out->CounterFamily("shmetrics_family_refused_series_total",
                     "Label sets refused, of the 100 metric families that were refused the most.");
  AddLargest(std::move(refused), add);
}

void AddRefusalMetrics(const shm::Snapshot& segment, MetricBuilder* out) {
  out->CounterFamily("shmetrics_refusals_total", "What workers asked for and did not get, by reason.");
  for (std::size_t i = 0; i < kRefusalWords.size(); ++i) {
    out->Integer(segment.segment.refusals[i], {{"reason", kRefusalWords[i]}});
  }
  out->CounterFamily("shmetrics_skipped_records_total",
                     "Records of the segment passed over because they made no sense, by kind.");
  const shm::Skipped& skipped = segment.skipped;
  out->Integer(skipped.families, {{"reason", "family"}});
  out->Integer(skipped.series, {{"reason", "series"}});
  out->Integer(skipped.chains, {{"reason", "chain"}});
  out->Integer(skipped.collisions, {{"reason", "collision"}});
  out->Integer(skipped.gauges, {{"reason", "gauge"}});
  out->Integer(skipped.leases, {{"reason", "lease"}});
  out->Integer(skipped.exemplars, {{"reason", "exemplar"}});
}

}  // namespace shmetrics::agent
