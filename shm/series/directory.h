#ifndef SHMETRICS_SHM_SERIES_DIRECTORY_H_
#define SHMETRICS_SHM_SERIES_DIRECTORY_H_

// Directory: finds the metric families of a segment by name, and their series by label set. It is insert-only
// and lock-free: a process reserves a place, writes the record, and publishes it in its hash chain. If the
// process is stopped or killed on the way, it blocks nobody and leaves nothing half-made.
//
// Invariants: (1) a record that can be reached from a head is complete. Only its counts and its visibility
//             still change;
//             (2) a chain never holds two series of one family and label set, or two families of one name;
//             (3) records are never removed: a removed series is hidden.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/series/family.h"
#include "shm/series/hash_chains.h"

namespace shmetrics::shm {

/// A family of this segment, as known to a process that has registered it.
struct RegisteredFamily {
  layout::FamilyRecord* record;
  layout::Ref ref;
  /// They point into the definition that the family was registered with.
  std::vector<std::string_view> label_names;
  /// Bytes of cells that one series has in one stripe; 0 for gauges.
  std::uint64_t cell_bytes;
};

/// The answer of a search for a label set.
struct SeriesSearch {
  layout::SeriesRecord* series = nullptr;  ///< shown or hidden; null if there is none
  /// RegisterSeries() goes on from here. Nothing if the chain is corrupt, or if the number of values is
  /// wrong.
  std::optional<HashChains::Search> chain;
};

class Directory {
 public:
  /// `segment` and `arena` must outlive the directory.
  Directory(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena), chains_(segment) {}

  /// Finds the family or registers it. If there is a family of this name, its type, label names, bounds and
  /// mode must be the same (else kConflict), and no other family may expose one of its sample names (else
  /// kNameCollision). The message of a refusal names both families. Help and unit stay those of the first
  /// registration. `definition` must outlive the result. Refusals are counted in the segment.
  ///
  /// If two processes register two different families with a common sample name in the same instant, both may
  /// succeed. Readers then show the one that was registered first.
  Result<RegisteredFamily> RegisterFamily(const FamilyDefinition& definition);

  /// Searches for the series of a label set. No lock, no allocation.
  SeriesSearch Search(const RegisteredFamily& family, std::span<const std::string_view> values) const;

  /// The series of a known label set, shown or hidden, or null.
  layout::SeriesRecord* FindSeries(const RegisteredFamily& family,
                                   std::span<const std::string_view> values) const {
    return Search(family, values).series;
  }

  /// True if `series` is the series that FindSeries would find. It may be any series of any segment of this
  /// process.
  bool IsSeries(const RegisteredFamily& family, const layout::SeriesRecord& series,
                std::span<const std::string_view> values) const;

  /// Finds the series or registers it, and shows it. Errors: kInvalidLabels, kSeriesLimit, kSegmentFull,
  /// kOutOfMemory, kCorrupt. Refusals are counted in the segment and at the family.
  Result<layout::SeriesRecord*> RegisterSeries(const RegisteredFamily& family,
                                               std::span<const std::string_view> values) {
    return RegisterSeries(family, values, Search(family, values));
  }
  /// The same after a search in this directory for the same label set. It is not hashed again, and only the
  /// series that were published since are searched.
  Result<layout::SeriesRecord*> RegisterSeries(const RegisteredFamily& family,
                                               std::span<const std::string_view> values,
                                               const SeriesSearch& search);

  /// The series that counts for all refused label sets. It is shown from now on. Null for gauges.
  layout::SeriesRecord* OverflowSeries(const RegisteredFamily& family) const;

  /// Hides a series until it is registered again. Its value stays. False if there is no such series, or if it
  /// is hidden already.
  bool RemoveSeries(const RegisteredFamily& family, std::span<const std::string_view> values);

 private:
  bool HasLabels(const layout::SeriesRecord& series, const RegisteredFamily& family,
                 std::span<const std::string_view> values) const;
  /// True if there is a family of this name at `ref`.
  bool IsNamed(layout::Ref ref, std::string_view name) const;
  Result<HashChains::Search> FindFamily(std::string_view name) const;
  Error CorruptChain() const;
  Error FullChain() const;
  Result<layout::Ref> PublishedOf(const HashChains::Publication& publication) const;
  Result<RegisteredFamily> Reconcile(layout::Ref ref, const FamilyDefinition& definition) const;
  Result<void> CheckCollisions(const FamilyDefinition& definition) const;
  Result<layout::Ref> InsertWithinLimit(const FamilyDefinition& definition, const HashChains::Search& search);
  Result<layout::Ref> InsertFamily(const FamilyDefinition& definition, const HashChains::Search& search,
                                   bool* is_new);
  Result<layout::SeriesRecord*> InsertSeries(const RegisteredFamily& family,
                                             std::span<const std::string_view> values,
                                             const HashChains::Search& search, bool* is_new);
  bool ReserveSeries(const RegisteredFamily& family);
  void ReturnSeries(const RegisteredFamily& family);
  Error CountRefusal(const RegisteredFamily* family, Error error) const;

  const Segment& segment_;
  Arena& arena_;
  HashChains chains_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_DIRECTORY_H_
