#include "shm/snapshot/snapshot_reader.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>

#include "shm/segment/segment.h"
#include "shm/series/label_block.h"
#include "shm/snapshot/cell_reader.h"
#include "shm/snapshot/exemplar_reader.h"
#include "shm/snapshot/lease_reader.h"
#include "shm/snapshot/series_index.h"
#include "shm/snapshot/worker_reader.h"
#include "shm/workers/gauges.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::MetricType;

using Contributions = std::unordered_map<layout::Ref, std::vector<GaugeContribution>>;

bool IsShown(const IndexedSeries& series) {
  // no order needed: a series shown one scrape early or late is still whole
  return series.record->visibility.load(std::memory_order_relaxed) == layout::Visibility::kShown;
}

/// The number of these counters, at least one, whose cells stand side by side. Mostly that is all that one
/// page holds, because cells are handed out in the order of registration.
std::size_t CountNeighbours(std::span<const IndexedSeries> counters) {
  const char* const first = counters.front().cells;
  const std::size_t in_page =
      (kStripeBytes - reinterpret_cast<std::uintptr_t>(first) % kStripeBytes) / sizeof(std::uint64_t);
  const std::size_t most = std::min(counters.size(), in_page);
  std::size_t count = 1;
  while (count < most && counters[count].cells == first + count * sizeof(std::uint64_t)) count++;
  return count;
}

void SumOverWorkers(Snapshot* out) {
  out->segment.worker_starts = 0;
  out->segment.exits = {};
  for (const WorkerSnapshot& worker : out->workers) {
    out->segment.worker_starts += worker.epoch;
    out->segment.exits += worker.exits;
    out->segment.exits += worker.ending;
  }
}

/// Appends the series without its value. Its exemplars must be read before the value: see
/// ExemplarReader::Append.
SeriesSnapshot& AppendSeries(const FamilyDefinition& family, const IndexedSeries& series,
                             ExemplarReader* exemplars, std::vector<SeriesSnapshot>* out) {
  SeriesSnapshot& snapshot = out->emplace_back();
  snapshot.name_and_labels = series.name_and_labels;
  snapshot.name_bytes = series.name_bytes;
  snapshot.worker = -1;
  snapshot.created_unix_ns = series.created_unix_ns;
  if (exemplars != nullptr) exemplars->Append(family, series, &snapshot);
  return snapshot;
}

}  // namespace

struct SnapshotReader::State {
  std::shared_ptr<const Segment> segment;
  std::shared_ptr<SeriesIndex> index;
  LeaseReader leases;
  std::uint64_t skipped_gauges = 0;
  std::uint64_t skipped_exemplars = 0;

  Contributions GroupBySeries(const std::vector<RowGauge>& gauges);
  void ReadFamily(const IndexedFamily& family, const Contributions& gauges, FamilySnapshot* out,
                  ExemplarReader* exemplars, std::vector<BucketSnapshot>* buckets);
  void AppendCounters(const IndexedFamily& family, ExemplarReader* exemplars,
                      std::vector<SeriesSnapshot>* out) const;
  static void AppendGauge(const IndexedFamily& family, const IndexedSeries& series,
                          const Contributions& gauges, FamilySnapshot* out);
  /// Removes the workers and the numbers of another segment.
  void ForgetOthers(Snapshot* out) const;
  void ReadSegment(SegmentSnapshot* out) const;
};

SnapshotReader::SnapshotReader(const std::shared_ptr<const Segment>& segment)
    : state_(new State{segment, std::make_shared<SeriesIndex>(*segment), LeaseReader(*segment)}) {}
SnapshotReader::~SnapshotReader() = default;
SnapshotReader::SnapshotReader(SnapshotReader&&) noexcept = default;
SnapshotReader& SnapshotReader::operator=(SnapshotReader&&) noexcept = default;

const Segment& SnapshotReader::segment() const { return *state_->segment; }

void SnapshotReader::Read(Snapshot* out, ExemplarReading exemplar_reading) {
  SeriesIndex& index = *state_->index;
  state_->ForgetOthers(out);
  // Rows first: a series is published before any gauge names it, so the index then knows all series in the
  // rows.
  LeaseReading leases;
  const std::vector<RowGauge> rows = ReadWorkers(*state_->segment, &out->workers, &state_->leases, &leases);
  index.Update();
  const Contributions gauges = state_->GroupBySeries(rows);
  state_->ReadSegment(&out->segment);
  out->segment.leases = leases.live;
  out->segment.lease_entries = leases.entries;
  SumOverWorkers(out);
  out->buckets.clear();
  std::uint64_t shown_leases = 0;
  ExemplarReader exemplars(*state_->segment, &out->exemplars);
  std::size_t used = 0;
  for (const IndexedFamily* family : index.families()) {
    if (family->collides) continue;
    if (used == out->families.size()) out->families.emplace_back();
    FamilySnapshot& shown = out->families[used++];
    state_->ReadFamily(*family, gauges, &shown,
                       exemplar_reading == ExemplarReading::kRead ? &exemplars : nullptr, &out->buckets);
    if (shown.gauge_mode == GaugeMode::kLeases)
      shown_leases += state_->leases.keys().AppendTo(*family, &shown.series);
  }
  out->families.resize(used);
  out->skipped = index.skipped();
  out->skipped.gauges = state_->skipped_gauges;
  state_->skipped_exemplars += exemplars.skipped();
  out->skipped.exemplars = state_->skipped_exemplars;
  out->skipped.leases = leases.skipped + leases.live - shown_leases;
  out->keep_alive.assign({state_->index, state_->leases.keys().texts()});
}

void SnapshotReader::ReadSummary(Snapshot* out) const {
  state_->ForgetOthers(out);
  ReadWorkerSlots(*state_->segment, &out->workers);
  state_->ReadSegment(&out->segment);
  SumOverWorkers(out);
}

void SnapshotReader::State::ForgetOthers(Snapshot* out) const {
  if (std::memcmp(out->segment.id.data(), segment->header().segment_id, out->segment.id.size()) == 0) return;
  out->workers.clear();
  out->segment = {};
}

void SnapshotReader::State::ReadSegment(SegmentSnapshot* out) const {
  const layout::Header& header = segment->header();
  const layout::MutableHeader& changing = segment->mutable_header();
  std::memcpy(out->id.data(), header.segment_id, out->id.size());
  out->created_unix_ns = header.created_unix_ns;
  out->bytes = header.segment_bytes;
  out->committed_bytes = segment->CommittedBytes();
  out->stripe_count = header.stripe_count;
  out->slot_count = header.slot_count;
  out->series_limit = header.series_limit;
  out->lease_limit = header.lease_limit;
  out->ledger_limit = header.ledger_limit;
  out->ledger_entries = CountLedgerEntries(*segment);
  out->family_series_limit = header.family_series_limit;
  // no order needed: statistics
  out->series_count = changing.series_count.load(std::memory_order_relaxed);
  out->family_count = changing.family_count.load(std::memory_order_relaxed);
  out->ledger_forgotten = changing.ledger_forgotten.load(std::memory_order_relaxed);
  out->ledger_jumps = changing.ledger_jumps.load(std::memory_order_relaxed);  // no order needed: as above
  out->mutex_recoveries = changing.mutex_recoveries.load(std::memory_order_relaxed);
  out->ledger_loaded =
      changing.ledger_loaded.load(std::memory_order_acquire) != 0;  // pairs with Ledger::MarkLoaded
  for (std::size_t i = 0; i < layout::kRefusals; i++) {
    out->refusals[i] = changing.refusals[i].load(std::memory_order_relaxed);  // no order needed: as above
  }
}

/// Groups the values by series, one for each worker. It skips a value that names no gauge series, or a series
/// that its row has named before.
Contributions SnapshotReader::State::GroupBySeries(const std::vector<RowGauge>& gauges) {
  Contributions contributions;
  for (const RowGauge& gauge : gauges) {
    if (index->GaugeFamilyOf(gauge.series) == nullptr) {
      skipped_gauges++;
      continue;
    }
    std::vector<GaugeContribution>& values = contributions[gauge.series];
    if (!values.empty() && values.back().slot == gauge.value.slot) {
      skipped_gauges++;
    } else {
      values.push_back(gauge.value);
    }
  }
  return contributions;
}

void SnapshotReader::State::ReadFamily(const IndexedFamily& family, const Contributions& gauges,
                                       FamilySnapshot* out, ExemplarReader* exemplars,
                                       std::vector<BucketSnapshot>* buckets) {
  const FamilyDefinition& definition = family.definition;
  out->name = definition.name;
  out->help = definition.help;
  out->unit = definition.unit;
  out->type = definition.type;
  out->gauge_mode = definition.gauge_mode;
  out->label_names = family.label_names;
  out->bounds = definition.bounds;
  // no order needed: statistics
  out->registered_series = family.record->series_count.load(std::memory_order_relaxed);
  out->refused_series = family.record->refused_series.load(std::memory_order_relaxed);
  out->refused_families = family.record->refused_families.load(std::memory_order_relaxed);
  out->series.clear();
  if (definition.gauge_mode == GaugeMode::kLeases) return;  // they have no series of their own
  if (definition.type == MetricType::kCounter) return AppendCounters(family, exemplars, &out->series);
  const std::uint32_t stripes = segment->header().stripe_count;
  for (const IndexedSeries& series : family.series) {
    if (!IsShown(series)) continue;
    if (definition.type == MetricType::kGauge) {
      AppendGauge(family, series, gauges, out);
      continue;
    }
    SeriesSnapshot& snapshot = AppendSeries(definition, series, exemplars, &out->series);
    if (definition.type == MetricType::kFractionalCounter) {
      snapshot.number = SumOfFractions(series.cells, stripes);
    } else {
      snapshot.first_bucket = static_cast<std::uint32_t>(buckets->size());
      AppendBuckets(series.cells, definition.bounds.size() + 1, stripes, buckets);
    }
  }
}

/// Sums the cells run by run: cells that stand side by side are summed together.
void SnapshotReader::State::AppendCounters(const IndexedFamily& family, ExemplarReader* exemplars,
                                           std::vector<SeriesSnapshot>* out) const {
  std::array<std::uint64_t, kMaxRunOfIntegers>
      sums;  // NOLINT(*-member-init): each is written before it is read
  std::span<const IndexedSeries> left = family.series;
  while (!left.empty()) {
    const std::span<const IndexedSeries> run = left.first(CountNeighbours(left));
    const std::size_t first = out->size();
    for (std::size_t i = 0; i < run.size(); i++) {
      if (IsShown(run[i])) AppendSeries(family.definition, run[i], exemplars, out).integer = i;
    }
    SumIntegers(run.front().cells, run.size(), segment->header().stripe_count, sums.data());
    for (SeriesSnapshot& snapshot : std::span(*out).subspan(first)) snapshot.integer = sums[snapshot.integer];
    left = left.subspan(run.size());
  }
}

void SnapshotReader::State::AppendGauge(const IndexedFamily& family, const IndexedSeries& series,
                                        const Contributions& gauges, FamilySnapshot* out) {
  SeriesSnapshot snapshot{series.name_and_labels, series.name_bytes, 0, {}, -1};
  if (family.definition.gauge_mode == GaugeMode::kLast) {
    const GaugeReading reading = ReadGauge(*reinterpret_cast<const layout::GaugeCell*>(series.cells));
    if (reading.ticket == 0) return;
    snapshot.number = reading.value;
    snapshot.ticket = reading.ticket;
    out->series.push_back(snapshot);
    return;
  }
  const auto found = gauges.find(series.ref);
  if (found == gauges.end()) return;  // no living worker has set it
  if (family.definition.gauge_mode != GaugeMode::kPerWorker) {
    const GaugeReading shown = Aggregate(family.definition.gauge_mode, found->second);
    snapshot.number = shown.value;
    snapshot.ticket = shown.ticket;
    out->series.push_back(snapshot);
    return;
  }
  for (const GaugeContribution& value : found->second) {
    snapshot.number = value.reading.value;
    snapshot.worker = static_cast<std::int32_t>(value.slot);
    out->series.push_back(snapshot);
  }
}

void SnapshotReader::ReadLedger(std::vector<LedgerRecord>* out) const {
  ReadLedgerRecords(*state_->segment, out);
}

}  // namespace shmetrics::shm
