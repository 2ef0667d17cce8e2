#include "shm/series/directory.h"

#include <cstddef>
#include <optional>
#include <string>

#include "shm/base/crash_point.h"
#include "shm/segment/refusal.h"
#include "shm/series/family_record.h"
#include "shm/series/key_hash.h"
#include "shm/series/label_block.h"
#include "shm/series/series_record.h"

namespace shmetrics::shm {
namespace {

using layout::MetricType;
using layout::Visibility;

/// Allocates the place of a new series' value. 0 for gauges: their values are in the workers' rows.
Result<std::uint64_t> AllocateValue(Arena& arena, std::uint64_t cell_bytes, layout::GaugeMode mode) {
  if (cell_bytes > 0) return arena.AllocateCells(cell_bytes);
  if (mode == layout::GaugeMode::kLast) return arena.AllocateRecord(sizeof(layout::GaugeCell));
  return std::uint64_t{0};
}

/// Calls undo() at its end unless Keep() was called: also if there is no memory for an error meanwhile.
template <class Undo>
class Undoing {
 public:
  explicit Undoing(Undo undo) : undo_(undo) {}
  ~Undoing() {
    if (!is_kept_) undo_();
  }
  Undoing(const Undoing&) = delete;
  Undoing& operator=(const Undoing&) = delete;
  void Keep() { is_kept_ = true; }

 private:
  Undo undo_;
  bool is_kept_ = false;
};

/// Adds one unless the limit is reached. Callers add before they publish, so the limit is never passed.
template <class Count>
bool AddBelow(std::atomic<Count>& count, Count limit) {
  Count seen = count.load(std::memory_order_relaxed);  // no order needed: a count guards no other bytes
  while (seen < limit) {
    // no order needed: as above
    if (count.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace

Error Directory::CorruptChain() const {
  return Error{ErrorCode::kCorrupt,
               "segment " + segment_.path() + " is corrupt: a chain of its directory leads nowhere"};
}

Error Directory::FullChain() const {
  return Error{ErrorCode::kSeriesLimit, "refused: its chain in the directory of segment " + segment_.path() +
                                            " has its maximum of " + std::to_string(layout::kMaxChainLength) +
                                            " records, which happens only if a process fills it on purpose"};
}

Result<layout::Ref> Directory::PublishedOf(const HashChains::Publication& publication) const {
  if (publication.outcome == HashChains::Outcome::kPublished) return publication.ref;
  return publication.outcome == HashChains::Outcome::kFull ? FullChain() : CorruptChain();
}

bool Directory::IsNamed(layout::Ref ref, std::string_view name) const {
  const std::optional<FamilyDefinition> family = ReadFamilyRecord(segment_, ref);
  return family && family->name == name;
}

Result<HashChains::Search> Directory::FindFamily(std::string_view name) const {
  const std::optional<HashChains::Search> search =
      chains_.Find(HashOfName(segment_.hash_key(), name),
                   [&](layout::Ref ref, const auto&) { return IsNamed(ref, name); });
  if (!search) return CorruptChain();
  return *search;
}

Result<RegisteredFamily> Directory::RegisterFamily(const FamilyDefinition& definition) {
  if (Result<void> checked = CheckDefinition(definition); !checked.ok())
    return CountRefusal(nullptr, checked.error());
  const Result<HashChains::Search> search = FindFamily(definition.name);
  if (!search.ok()) return CountRefusal(nullptr, search.error());
  if (search.value().found != 0) return Reconcile(search.value().found, definition);
  if (search.value().is_full()) return CountRefusal(nullptr, FullChain());
  if (Result<void> checked = CheckCollisions(definition); !checked.ok())
    return CountRefusal(nullptr, checked.error());
  const Result<layout::Ref> ref = InsertWithinLimit(definition, search.value());
  if (!ref.ok()) return CountRefusal(nullptr, ref.error());
  return Reconcile(ref.value(), definition);
}

/// Compares the definition with the family at `ref`, which another process may have inserted just now.
Result<RegisteredFamily> Directory::Reconcile(layout::Ref ref, const FamilyDefinition& definition) const {
  auto* record = segment_.AtRef<layout::FamilyRecord>(ref);
  const std::optional<FamilyDefinition> present = ReadFamilyRecord(segment_, ref);
  if (record == nullptr || !present) {
    return Error{ErrorCode::kCorrupt,
                 "segment " + segment_.path() + " is corrupt: family " + definition.name};
  }
  if (!SameDefinition(*present, definition)) {
    record->refused_families.fetch_add(1, std::memory_order_relaxed);  // no order needed: a statistic
    return CountRefusal(
        nullptr, Error{ErrorCode::kConflict, "metric family \"" + definition.name + "\" refused: it is " +
                                                 Describe(*present) + ", and was asked for as " +
                                                 Describe(definition)});
  }
  RegisteredFamily family{record, ref, {}, CellBytesOf(definition)};
  family.label_names.assign(definition.label_names.begin(), definition.label_names.end());
  return family;
}

Result<void> Directory::CheckCollisions(const FamilyDefinition& definition) const {
  for (const std::string& name : PossibleColliders(definition)) {
    const Result<HashChains::Search> search = FindFamily(name);
    if (!search.ok()) return search.error();
    auto* record = segment_.AtRef<layout::FamilyRecord>(search.value().found);
    const std::optional<FamilyDefinition> other = ReadFamilyRecord(segment_, search.value().found);
    if (record == nullptr || !other || !Collide(definition, *other)) continue;
    record->refused_families.fetch_add(1, std::memory_order_relaxed);  // no order needed: a statistic
    return Error{ErrorCode::kNameCollision,
                 "metric family \"" + definition.name + "\", a " + Describe(definition) +
                     ", refused: it would expose a name of \"" + other->name + "\", a " + Describe(*other)};
  }
  return {};
}

/// First counts the family, as ReserveSeries does with a series.
Result<layout::Ref> Directory::InsertWithinLimit(const FamilyDefinition& definition,
                                                 const HashChains::Search& search) {
  std::atomic<std::uint64_t>& count = segment_.mutable_header().family_count;
  if (!AddBelow(count, layout::kMaxFamilies)) {
    return Error{ErrorCode::kSeriesLimit, "metric family \"" + definition.name +
                                              "\" refused: the segment has its maximum of " +
                                              std::to_string(layout::kMaxFamilies) + " families"};
  }
  // no order needed: as in AddBelow
  Undoing counted([&count] { count.fetch_sub(1, std::memory_order_relaxed); });
  bool is_new = false;
  Result<layout::Ref> ref = InsertFamily(definition, search, &is_new);
  if (is_new) counted.Keep();
  return ref;
}

// A family and its embedded series are one allocation, so that there is never one without the other.
Result<layout::Ref> Directory::InsertFamily(const FamilyDefinition& definition,
                                            const HashChains::Search& search, bool* is_new) {
  const bool has_labels = !definition.label_names.empty();
  const bool has_embedded = !has_labels || definition.type != MetricType::kGauge;
  const std::string_view block = has_labels ? kOverflowLabelBlock : std::string_view{};
  const std::uint64_t alignment = layout::kRecordAlignment;
  const std::uint64_t family_bytes = (FamilyRecordBytes(definition) + alignment - 1) / alignment * alignment;
  const std::uint64_t embedded_bytes = has_embedded ? sizeof(layout::SeriesRecord) + block.size() : 0;

  Result<std::uint64_t> cells = has_embedded
                                    ? AllocateValue(arena_, CellBytesOf(definition), definition.gauge_mode)
                                    : Result<std::uint64_t>(std::uint64_t{0});
  if (!cells.ok()) return cells.error();
  Result<std::uint64_t> offset = arena_.AllocateRecord(family_bytes + embedded_bytes);
  if (!offset.ok()) return offset.error();

  auto* record = reinterpret_cast<layout::FamilyRecord*>(segment_.base() + offset.value());
  const layout::Ref ref = segment_.RefOf(record);
  record->record.kind = layout::RecordKind::kFamily;
  record->record.hash = search.hash;
  WriteFamilyRecord(definition, record);
  if (has_embedded) {
    auto* embedded = reinterpret_cast<layout::SeriesRecord*>(segment_.base() + offset.value() + family_bytes);
    WriteSeriesRecord(embedded, ref, 0, block, cells.value(),
                      has_labels ? Visibility::kHidden : Visibility::kShown);
    record->embedded = segment_.RefOf(embedded);
  }
  const auto is_rival = [&](layout::Ref other, const auto&) { return IsNamed(other, definition.name); };
  Result<layout::Ref> published = PublishedOf(chains_.Publish(ref, &record->record, search, is_rival));
  *is_new = published.ok() && published.value() == ref;
  return published;
}

inline bool Directory::HasLabels(const layout::SeriesRecord& series, const RegisteredFamily& family,
                                 std::span<const std::string_view> values) const {
  if (series.family != family.ref) return false;
  const std::string_view block = LabelBlockOf(segment_, series);
  return series.record.has_escapes == 0 ? PlainBlockHasValues(block, family.label_names, values)
                                        : LabelBlockEquals(block, family.label_names, values);
}

bool Directory::IsSeries(const RegisteredFamily& family, const layout::SeriesRecord& series,
                         std::span<const std::string_view> values) const {
  if (values.empty() || values.size() != family.label_names.size()) return false;
  const auto offset = static_cast<std::uint64_t>(reinterpret_cast<const char*>(&series) - segment_.base());
  const auto* here = segment_.At<layout::SeriesRecord>(offset);
  return here != nullptr && HasLabels(*here, family, values);
}

SeriesSearch Directory::Search(const RegisteredFamily& family,
                               std::span<const std::string_view> values) const {
  if (values.size() != family.label_names.size()) return {};
  if (values.empty()) {
    if (auto* embedded = segment_.AtRef<layout::SeriesRecord>(family.record->embedded)) return {embedded, {}};
  }
  layout::SeriesRecord* series = nullptr;
  const std::optional<HashChains::Search> chain = chains_.Find(
      HashOfValues(segment_.hash_key(), family.ref, values), [&](layout::Ref, layout::Record& record) {
        if (record.kind != layout::RecordKind::kSeries) return false;
        series = reinterpret_cast<layout::SeriesRecord*>(&record);
        return HasLabels(*series, family, values);
      });
  return {chain && chain->found != 0 ? series : nullptr, chain};
}

Result<layout::SeriesRecord*> Directory::RegisterSeries(const RegisteredFamily& family,
                                                        std::span<const std::string_view> values,
                                                        const SeriesSearch& search) {
  layout::SeriesRecord* series = search.series;
  if (series == nullptr) {
    if (Result<void> checked = CheckLabelValues(family.label_names, values); !checked.ok())
      return CountRefusal(&family, checked.error());
    // No series behind a break in its chain is ever found, and none is added to a full one. Such a label set
    // is refused before anything is allocated for it. Otherwise each of its look-ups would leak a record.
    if (!search.chain) return CountRefusal(&family, CorruptChain());
    if (search.chain->is_full()) return CountRefusal(&family, FullChain());
    if (!ReserveSeries(family)) {
      return CountRefusal(&family,
                          Error{ErrorCode::kSeriesLimit,
                                "label set refused: the family or the segment has its maximum of series"});
    }
    Undoing reserved([&] { ReturnSeries(family); });
    bool is_new = false;
    Result<layout::SeriesRecord*> inserted = InsertSeries(family, values, *search.chain, &is_new);
    if (is_new) reserved.Keep();
    if (!inserted.ok()) return CountRefusal(&family, inserted.error());
    series = inserted.value();
  }
  // no order needed: a series shown one scrape early or late is still whole
  if (series->visibility.load(std::memory_order_relaxed) != Visibility::kShown) {
    series->visibility.store(Visibility::kShown, std::memory_order_relaxed);  // no order needed: as above
  }
  return series;
}

// Registration of a series:
//   1 reserve a place in both counts        die here -> the counts say one series too many, for good
//   2 allocate cells, then the record       die here -> the same, and these bytes are leaked
//   3 write the record                      die here -> the same
//   4 publish (see HashChains)              die here -> the series is registered
// directory.pml is a model of this and of HashChains::Publish(): change both.
// Cells are allocated first. When memory has run out, they fail first, and nothing has been leaked yet.
Result<layout::SeriesRecord*> Directory::InsertSeries(const RegisteredFamily& family,
                                                      std::span<const std::string_view> values,
                                                      const HashChains::Search& search, bool* is_new) {
  const std::string block = MakeLabelBlock(family.label_names, values);
  SHMETRICS_CRASH_POINT("directory_series_reserved");
  Result<std::uint64_t> cells = AllocateValue(arena_, family.cell_bytes, family.record->gauge_mode);
  Result<std::uint64_t> offset = cells.ok()
                                     ? arena_.AllocateRecord(sizeof(layout::SeriesRecord) + block.size())
                                     : Result<std::uint64_t>(cells.error());
  if (!offset.ok()) return offset.error();
  auto* series = reinterpret_cast<layout::SeriesRecord*>(segment_.base() + offset.value());
  const layout::Ref ref = segment_.RefOf(series);
  WriteSeriesRecord(series, family.ref, search.hash, block, cells.value(), Visibility::kShown);
  const auto is_rival = [&](layout::Ref other, const layout::Record& candidate) {
    if (candidate.kind != layout::RecordKind::kSeries) return false;
    const auto* rival = segment_.AtRef<layout::SeriesRecord>(other);
    return rival != nullptr && rival->family == family.ref && LabelBlockOf(segment_, *rival) == block;
  };
  const Result<layout::Ref> published = PublishedOf(chains_.Publish(ref, &series->record, search, is_rival));
  *is_new = published.ok() && published.value() == ref;
  if (!published.ok()) return published.error();
  if (auto* shown = segment_.AtRef<layout::SeriesRecord>(published.value())) return shown;
  return Error{ErrorCode::kCorrupt, "segment " + segment_.path() + " is corrupt: what is registered is gone"};
}

layout::SeriesRecord* Directory::OverflowSeries(const RegisteredFamily& family) const {
  if (family.label_names.empty()) return nullptr;
  auto* series = segment_.AtRef<layout::SeriesRecord>(family.record->embedded);
  // no order needed: as in RegisterSeries
  if (series != nullptr) series->visibility.store(Visibility::kShown, std::memory_order_relaxed);
  return series;
}

bool Directory::RemoveSeries(const RegisteredFamily& family, std::span<const std::string_view> values) {
  layout::SeriesRecord* series = FindSeries(family, values);
  // no order needed: as in RegisterSeries
  return series != nullptr &&
         series->visibility.exchange(Visibility::kHidden, std::memory_order_relaxed) == Visibility::kShown;
}

bool Directory::ReserveSeries(const RegisteredFamily& family) {
  if (!AddBelow(family.record->series_count, segment_.header().family_series_limit)) return false;
  if (AddBelow(segment_.mutable_header().series_count, std::uint64_t{segment_.header().series_limit}))
    return true;
  family.record->series_count.fetch_sub(1, std::memory_order_relaxed);  // no order needed: as in AddBelow
  return false;
}

void Directory::ReturnSeries(const RegisteredFamily& family) {
  segment_.mutable_header().series_count.fetch_sub(
      1, std::memory_order_relaxed);                                    // no order needed: as in AddBelow
  family.record->series_count.fetch_sub(1, std::memory_order_relaxed);  // no order needed: as in AddBelow
}

Error Directory::CountRefusal(const RegisteredFamily* family, Error error) const {
  segment_.CountRefusal(RefusalOf(error.code).value_or(layout::Refusal::kInvalidDefinition));
  if (family != nullptr)
    family->record->refused_series.fetch_add(1, std::memory_order_relaxed);  // no order needed: a statistic
  return error;
}

}  // namespace shmetrics::shm
