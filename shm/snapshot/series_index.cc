#include "shm/snapshot/series_index.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include "shm/base/clock.h"
#include "shm/series/family_record.h"
#include "shm/series/label_block.h"
#include "shm/series/series_record.h"

namespace shmetrics::shm {

SeriesIndex::SeriesIndex(const Segment& segment)
    : segment_(segment), heads_(segment.header().chain_count, 0) {}

void SeriesIndex::Update() {
  const std::size_t families_before = families_.size();
  const auto* heads =
      reinterpret_cast<const std::atomic<layout::Ref>*>(segment_.base() + segment_.header().chains_offset);
  found_.clear();
  steps_left_ = std::uint64_t{segment_.header().series_limit} + layout::kMaxFamilies;
  for (std::size_t i = 0; i < heads_.size(); i++) {
    const layout::Ref head = heads[i].load(std::memory_order_acquire);  // SYNC(chain-head), see hash_chains.h
    if (head == heads_[i]) continue;
    if (steps_left_ == 0) break;  // the next look finds the rest
    WalkChain(head, heads_[i]);
    heads_[i] = head;
  }
  // In the order of registration, so that most series are appended at the end of their family.
  std::sort(found_.begin(), found_.end());
  const auto repeated = std::unique(found_.begin(), found_.end());  // met on several chains, or in a circle
  skipped_.series += static_cast<std::uint64_t>(found_.end() - repeated);
  found_.erase(repeated, found_.end());
  // Without this, the first look would spend a third of its time on growing the table.
  if (found_.size() > known_texts_.size()) known_texts_.reserve(known_texts_.size() + found_.size());
  for (const layout::Ref ref : found_) AddSeries(ref);
  if (families_.size() != families_before) OrderFamilies();
}

void SeriesIndex::WalkChain(layout::Ref head, layout::Ref seen) {
  std::uint32_t steps = 0;
  for (layout::Ref ref = head; ref != seen && ref != 0;) {
    const auto* shared = segment_.AtRef<layout::Record>(ref);
    if (shared == nullptr || ++steps > layout::kMaxChainLength || steps_left_ == 0) {
      skipped_.chains++;
      return;
    }
    steps_left_--;
    switch (layout::ReadOnce(shared->kind)) {
      case layout::RecordKind::kFamily:
        AddFamily(ref);
        break;
      case layout::RecordKind::kSeries:
        found_.push_back(ref);
        break;
      default:
        skipped_.series++;
    }
    ref = layout::ReadOnce(shared->next);
  }
}

IndexedFamily* SeriesIndex::AddFamily(layout::Ref ref) {
  const auto [entry, is_new] = by_ref_.try_emplace(ref, nullptr);
  if (!is_new) return entry->second;
  const auto* record = segment_.AtRef<layout::FamilyRecord>(ref);
  std::optional<FamilyDefinition> definition = ReadFamilyRecord(segment_, ref);
  if (record == nullptr || !definition || families_.size() >= layout::kMaxFamilies) {
    skipped_.families++;
    return nullptr;
  }
  IndexedFamily& family = families_.emplace_back();
  family.ref = ref;
  family.definition = *std::move(definition);
  family.label_names.assign(family.definition.label_names.begin(), family.definition.label_names.end());
  family.record = record;
  entry->second = &family;
  if (const layout::Ref embedded = layout::ReadOnce(family.record->embedded); embedded != 0) {
    if (const auto series = ReadSeries(family, embedded, true)) {
      Insert(&family, *series);
    } else {
      skipped_.series++;
    }
  }
  return &family;
}

void SeriesIndex::AddSeries(layout::Ref ref) {
  const auto* record = segment_.AtRef<layout::SeriesRecord>(ref);
  // A family is published before its series. But this look may have walked the family's chain before that.
  IndexedFamily* family = record == nullptr ? nullptr : AddFamily(layout::ReadOnce(record->family));
  // A series is met again if somebody set a head back. Its text is kept already.
  const bool is_known =
      family != nullptr && std::ranges::binary_search(family->series, ref, {}, &IndexedSeries::ref);
  const auto series = family == nullptr || is_known ? std::nullopt : ReadSeries(*family, ref, false);
  // Honest workers exceed the limit only by what deaths have leaked. Anything more is a flood by a damaged or
  // hostile writer.
  if (!series || series_count_ > std::uint64_t{segment_.header().series_limit} + layout::kMaxFamilies) {
    skipped_.series++;
    return;
  }
  Insert(family, *series);
}

/// Makes a private, checked copy. The embedded series of a family with labels is its overflow series.
std::optional<IndexedSeries> SeriesIndex::ReadSeries(const IndexedFamily& family, layout::Ref ref,
                                                     bool embedded) {
  const auto* record = segment_.AtRef<layout::SeriesRecord>(ref);
  if (record == nullptr || layout::ReadOnce(record->family) != family.ref) return std::nullopt;
  const std::string_view shared_block = LabelBlockOf(segment_, *record);
  if (shared_block.size() > 2 * layout::kMaxLabelBlockBytes) return std::nullopt;
  const std::string block(shared_block);  // from here on nobody can change it
  const bool overflow = embedded && !family.label_names.empty();
  if (overflow ? block != kOverflowLabelBlock : !IsLabelBlockOf(block, family.label_names))
    return std::nullopt;
  IndexedSeries series{ref, static_cast<std::uint32_t>(family.definition.name.size()), {}, record, nullptr,
                       0};
  const std::int64_t created = layout::ReadOnce(record->created_unix_ns);
  if (IsPastTime(created, NowNs(CLOCK_REALTIME))) series.created_unix_ns = created;
  const std::uint64_t cells = layout::ReadOnce(record->cells);
  const std::uint64_t cell_bytes = CellBytesOf(family.definition);
  if (cell_bytes > 0) {
    series.cells = segment_.Cells(cells, cell_bytes);
    if (series.cells == nullptr) return std::nullopt;
  } else if (family.definition.gauge_mode == layout::GaugeMode::kLast) {
    series.cells = reinterpret_cast<char*>(segment_.At<layout::GaugeCell>(cells));
    if (series.cells == nullptr) return std::nullopt;
  }
  series.name_and_labels = Keep(family.definition.name, block);
  return series.name_and_labels.empty() ? std::nullopt : std::optional(series);
}

void SeriesIndex::Insert(IndexedFamily* family, const IndexedSeries& series) {
  if (!known_texts_.insert(series.name_and_labels).second) {
    skipped_.series++;
    return;
  }
  const auto place =
      std::upper_bound(family->series.begin(), family->series.end(), series,
                       [](const IndexedSeries& a, const IndexedSeries& b) { return a.ref < b.ref; });
  family->series.insert(place, series);
  series_count_++;
  if (family->definition.type == layout::MetricType::kGauge) gauges_[series.ref] = family;
}

/// Sorts by name, and finds the families that collide: of those, the one registered first is shown.
void SeriesIndex::OrderFamilies() {
  std::vector<IndexedFamily*> by_age;
  for (IndexedFamily& family : families_) by_age.push_back(&family);
  std::sort(by_age.begin(), by_age.end(), [](const auto* a, const auto* b) { return a->ref < b->ref; });
  std::unordered_set<std::string, TextHash> taken;
  skipped_.collisions = 0;
  for (IndexedFamily* family : by_age) {
    const FamilyDefinition& definition = family->definition;
    const std::vector<std::string> names =
        SampleNames(definition.name, definition.type, definition.gauge_mode);
    family->collides = std::any_of(names.begin(), names.end(),
                                   [&](const std::string& name) { return taken.contains(name); });
    if (family->collides) {
      skipped_.collisions++;
    } else {
      taken.insert(names.begin(), names.end());
    }
  }
  by_name_ = by_age;
  std::stable_sort(by_name_.begin(), by_name_.end(),
                   [](const auto* a, const auto* b) { return a->definition.name < b->definition.name; });
}

const IndexedFamily* SeriesIndex::GaugeFamilyOf(layout::Ref series) const {
  const auto found = gauges_.find(series);
  return found == gauges_.end() ? nullptr : found->second;
}

/// Keeps name{block} for the life of the index. Returns an empty text if all texts together have outgrown
/// what an undamaged segment could hold.
std::string_view SeriesIndex::Keep(std::string_view name, std::string_view block) {
  const std::size_t bytes = name.size() + (block.empty() ? 0 : block.size() + 2);
  if (text_bytes_ + bytes > 4 * segment_.header().segment_bytes) return {};
  text_bytes_ += bytes;
  char* text = static_cast<char*>(texts_.allocate(bytes, 1));
  std::memcpy(text, name.data(), name.size());
  if (!block.empty()) {
    text[name.size()] = '{';
    std::memcpy(text + name.size() + 1, block.data(), block.size());
    text[bytes - 1] = '}';
  }
  return {text, bytes};
}

}  // namespace shmetrics::shm
