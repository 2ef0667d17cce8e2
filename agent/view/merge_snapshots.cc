#include "agent/view/merge_snapshots.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "shm/base/text_hash.h"
#include "shm/layout/layout.h"
#include "shm/series/family.h"
#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/saturating_sum.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using shm::layout::GaugeMode;
using shm::layout::MetricType;

struct SeriesKey {
  std::string_view name_and_labels;
  std::int32_t worker;
  bool operator==(const SeriesKey&) const = default;
};

struct SeriesKeyHash {
  std::size_t operator()(const SeriesKey& key) const {
    return shm::TextHash{}(key.name_and_labels) + static_cast<std::size_t>(key.worker);
  }
};

bool HaveOneDefinition(const FamilySnapshot& a, const FamilySnapshot& b) {
  return a.type == b.type && a.gauge_mode == b.gauge_mode &&
         std::ranges::equal(a.label_names, b.label_names) && std::ranges::equal(a.bounds, b.bounds);
}

void JoinGauges(GaugeMode mode, const SeriesSnapshot& older, SeriesSnapshot* newer) {
  switch (mode) {
    case GaugeMode::kSum:
    case GaugeMode::kLeases:
      newer->number += older.number;
      newer->reserved += older.reserved;
      return;
    case GaugeMode::kMin:
      newer->number = std::fmin(newer->number, older.number);  // like fmax, ignores NaN, as within a segment
      return;
    case GaugeMode::kMax:
    case GaugeMode::kInfo:
      newer->number = std::fmax(newer->number, older.number);
      return;
    case GaugeMode::kMostRecent:
    case GaugeMode::kLast:
      // A worker that has not moved yet may have set it after those that have.
      if (older.ticket <= newer->ticket) return;
      newer->number = older.number;
      newer->ticket = older.ticket;
      return;
    case GaugeMode::kNone:
    case GaugeMode::kPerWorker:
      return;
  }
}

std::span<const shm::ExemplarSnapshot> ExemplarsOf(const shm::Snapshot& snapshot,
                                                   const SeriesSnapshot& series) {
  return std::span(snapshot.exemplars).subspan(series.first_exemplar, series.exemplar_count);
}

/// Merges the families of one pair of snapshots.
class FamilyMerger {
 public:
  FamilyMerger(const shm::Snapshot& older, shm::Snapshot* newer) : older_(older), newer_(*newer) {}

  /// Joins `from`, a family of the older snapshot, with `to`, the family of the same definition in the newer
  /// one.
  void Join(const FamilySnapshot& from, FamilySnapshot* to) {
    std::unordered_map<SeriesKey, const SeriesSnapshot*, SeriesKeyHash> older_series;
    older_series.reserve(from.series.size());
    for (const SeriesSnapshot& series : from.series) {
      older_series.emplace(KeyOf(series), &series);
    }
    for (SeriesSnapshot& series : to->series) {
      const auto found = older_series.find({series.name_and_labels, series.worker});
      if (found == older_series.end()) continue;
      Add(from, *found->second, &series);
      found->second = nullptr;
    }
    for (const SeriesSnapshot& series : from.series) {
      if (older_series.at(KeyOf(series)) != nullptr) to->series.push_back(Copy(from, series));
    }
    to->refused_series += from.refused_series;
    to->refused_families += from.refused_families;
  }

  FamilySnapshot Copy(const FamilySnapshot& from) {
    FamilySnapshot copy = from;
    for (SeriesSnapshot& series : copy.series) series = Copy(from, series);
    return copy;
  }

 private:
  /// The number of a worker slot of the older segment, counted on behind the slots of the newer one.
  std::int32_t Renumbered(std::int32_t worker) const {
    return worker < 0 ? worker : worker + static_cast<std::int32_t>(newer_.segment.slot_count);
  }

  SeriesKey KeyOf(const SeriesSnapshot& older) const {
    return {older.name_and_labels, Renumbered(older.worker)};
  }

  /// A copy of a series of the older snapshot, with its buckets and exemplars moved to the newer one.
  SeriesSnapshot Copy(const FamilySnapshot& family, SeriesSnapshot series) {
    series.worker = Renumbered(series.worker);
    const std::span exemplars = ExemplarsOf(older_, series);
    series.first_exemplar = static_cast<std::uint32_t>(newer_.exemplars.size());
    newer_.exemplars.insert(newer_.exemplars.end(), exemplars.begin(), exemplars.end());
    if (family.type != MetricType::kHistogram) return series;
    const auto first = older_.buckets.begin() + series.first_bucket;
    series.first_bucket = static_cast<std::uint32_t>(newer_.buckets.size());
    newer_.buckets.insert(newer_.buckets.end(), first,
                          first + static_cast<std::ptrdiff_t>(family.bounds.size() + 1));
    return series;
  }

  /// Keeps the later of both exemplars for each bucket.
  void AddExemplars(const SeriesSnapshot& from, SeriesSnapshot* to) {
    if (from.exemplar_count == 0) return;
    std::map<std::uint32_t, shm::ExemplarSnapshot> latest;
    const std::span newer = ExemplarsOf(newer_, *to);
    for (const std::span exemplars : {ExemplarsOf(older_, from), newer}) {
      for (const shm::ExemplarSnapshot& exemplar : exemplars) {
        const auto [known, is_new] = latest.try_emplace(exemplar.bucket, exemplar);
        if (!is_new && known->second.unix_ns <= exemplar.unix_ns) known->second = exemplar;
      }
    }
    to->first_exemplar = static_cast<std::uint32_t>(newer_.exemplars.size());
    to->exemplar_count = static_cast<std::uint32_t>(latest.size());
    for (auto& [bucket, exemplar] : latest) newer_.exemplars.push_back(std::move(exemplar));
  }

  void Add(const FamilySnapshot& family, const SeriesSnapshot& from, SeriesSnapshot* to) {
    to->created_unix_ns = from.created_unix_ns;  // the sum began when the older series did
    AddExemplars(from, to);
    switch (family.type) {
      case MetricType::kCounter:
        to->integer += from.integer;
        return;
      case MetricType::kFractionalCounter:
        to->number = shm::SaturatingSum(to->number, from.number);
        return;
      case MetricType::kGauge:
        JoinGauges(family.gauge_mode, from, to);
        return;
      case MetricType::kHistogram:
        for (std::size_t i = 0; i <= family.bounds.size(); ++i) {
          shm::AddBucket(older_.buckets[from.first_bucket + i], &newer_.buckets[to->first_bucket + i]);
        }
        return;
    }
  }

  const shm::Snapshot& older_;
  shm::Snapshot& newer_;
};

std::unordered_set<std::string, shm::TextHash> SampleNamesOf(const std::vector<FamilySnapshot>& families) {
  std::unordered_set<std::string, shm::TextHash> names;
  for (const FamilySnapshot& family : families) {
    for (std::string& name : shm::SampleNames(family.name, family.type, family.gauge_mode))
      names.insert(std::move(name));
  }
  return names;
}

void MergeFamilies(const shm::Snapshot& older, shm::Snapshot* newer) {
  FamilyMerger merger(older, newer);
  const std::unordered_set<std::string, shm::TextHash> taken_names = SampleNamesOf(newer->families);
  std::vector<FamilySnapshot> only_older;
  for (const FamilySnapshot& family : older.families) {
    const auto found = std::ranges::lower_bound(newer->families, family.name, {}, &FamilySnapshot::name);
    if (found != newer->families.end() && found->name == family.name) {
      if (HaveOneDefinition(family, *found)) merger.Join(family, &*found);
      continue;
    }
    const std::vector<std::string> names = shm::SampleNames(family.name, family.type, family.gauge_mode);
    if (std::ranges::none_of(names, [&](const std::string& name) { return taken_names.contains(name); })) {
      only_older.push_back(merger.Copy(family));
    }
  }
  const auto middle = static_cast<std::ptrdiff_t>(newer->families.size());
  std::ranges::move(only_older, std::back_inserter(newer->families));
  std::ranges::inplace_merge(newer->families, newer->families.begin() + middle, {}, &FamilySnapshot::name);
}

/// Numbers the workers like FamilyMerger.
void MergeWorkers(const shm::Snapshot& older, shm::Snapshot* newer) {
  for (shm::WorkerSnapshot worker : older.workers) {
    if (!worker.alive) continue;
    worker.slot += newer->segment.slot_count;
    newer->workers.push_back(std::move(worker));
  }
}

void MergeCounts(const shm::Snapshot& older, shm::Snapshot* newer) {
  newer->segment.slot_count += older.segment.slot_count;
  newer->segment.worker_starts += older.segment.worker_starts;
  newer->segment.exits += older.segment.exits;
  for (std::size_t i = 0; i < shm::layout::kRefusals; ++i) {
    newer->segment.refusals[i] += older.segment.refusals[i];
  }
  newer->skipped.families += older.skipped.families;
  newer->skipped.series += older.skipped.series;
  newer->skipped.chains += older.skipped.chains;
  newer->skipped.collisions += older.skipped.collisions;
  newer->skipped.gauges += older.skipped.gauges;
  newer->skipped.leases += older.skipped.leases;
  newer->skipped.exemplars += older.skipped.exemplars;
  newer->segment.leases += older.segment.leases;
  newer->segment.ledger_forgotten += older.segment.ledger_forgotten;
  newer->segment.ledger_jumps += older.segment.ledger_jumps;
  newer->segment.mutex_recoveries += older.segment.mutex_recoveries;
}

void KeepTextsOfBothAlive(const shm::Snapshot& older, shm::Snapshot* newer) {
  newer->keep_alive.insert(newer->keep_alive.end(), older.keep_alive.begin(), older.keep_alive.end());
}

}  // namespace

void MergeSnapshots(const shm::Snapshot& older, shm::Snapshot* newer) {
  MergeFamilies(older, newer);
  MergeWorkers(older, newer);
  MergeCounts(older, newer);
  KeepTextsOfBothAlive(older, newer);
}

}  // namespace shmetrics::agent
