#ifndef SHMETRICS_SHM_SERIES_DIRECTORY_H_
#define SHMETRICS_SHM_SERIES_DIRECTORY_H_

// Directory: every metric family and series of a segment, found by name and label set. Insert-only and
// lock-free: a record is reserved, written, and published in its hash chain, so a process stopped or killed on the
// way blocks nobody and leaves nothing half-made.
//
// Invariants: (1) what can be reached from a head is complete and never changes, but for counts and visibility;
//             (2) a chain holds no two series of one family and label set, no two families of one name;
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

/// A family of this segment, as a process that registered it knows it.
struct RegisteredFamily {
  layout::FamilyRecord* record;
  layout::Ref ref;
  std::vector<std::string_view> label_names;  ///< of the definition it was registered with
  std::uint64_t cell_bytes;                   ///< of one series in one stripe; 0 for gauges
};

/// The answer of a search for a label set.
struct SeriesSearch {
  layout::SeriesRecord* series = nullptr;  ///< shown or hidden; null if there is none
  /// Where RegisterSeries goes on. Nothing if the chain is corrupt, or if the number of values is wrong.
  std::optional<HashChains::Search> chain;
};

class Directory {
 public:
  /// Both must outlive the directory.
  Directory(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena), chains_(segment) {}

  /// Finds the family or registers it. Names, types, label names, bounds and modes must agree with what is
  /// there (kConflict, kNameCollision; the message names both); help and unit are those of the first.
  /// `definition` must outlive the answer. Refusals are counted in the segment. Two processes that register
  /// two different families with a common sample name in the same instant may both succeed; readers then show
  /// the one registered first.
  Result<RegisteredFamily> RegisterFamily(const FamilyDefinition& definition);

  /// Searches for the series of a label set. No lock, no allocation.
  SeriesSearch Search(const RegisteredFamily& family, std::span<const std::string_view> values) const;

  /// The series of a known label set, shown or hidden, or null.
  layout::SeriesRecord* FindSeries(const RegisteredFamily& family,
                                   std::span<const std::string_view> values) const {
    return Search(family, values).series;
  }

  /// Whether a series, of any family of any segment of this process, is the one that FindSeries would find.
  bool IsSeries(const RegisteredFamily& family, const layout::SeriesRecord& series,
                std::span<const std::string_view> values) const;

  /// Finds the series or registers it, and shows it. kInvalidLabels, kSeriesLimit, kSegmentFull,
  /// kOutOfMemory; refusals are counted in the segment and at the family.
  Result<layout::SeriesRecord*> RegisterSeries(const RegisteredFamily& family,
                                               std::span<const std::string_view> values) {
    return RegisterSeries(family, values, Search(family, values));
  }
  /// The same after a search in this directory for the same label set. It is not hashed again, and only the
  /// series that were published since are searched.
  Result<layout::SeriesRecord*> RegisterSeries(const RegisteredFamily& family,
                                               std::span<const std::string_view> values,
                                               const SeriesSearch& search);

  /// The series that counts what RegisterSeries refused, shown from now on; null for gauges.
  layout::SeriesRecord* OverflowSeries(const RegisteredFamily& family) const;

  /// Hides a series until it is registered again; its value stays. False if there is none, or it was hidden.
  bool RemoveSeries(const RegisteredFamily& family, std::span<const std::string_view> values);

 private:
  bool HasLabels(const layout::SeriesRecord& series, const RegisteredFamily& family,
                 std::span<const std::string_view> values) const;
  Result<HashChains::Search> FindFamily(std::string_view name) const;
  template <class Answer>
  Result<Answer> OrCorrupt(const std::optional<Answer>& answer) const;
  Result<RegisteredFamily> Reconcile(layout::Ref ref, const FamilyDefinition& definition) const;
  Result<void> CheckCollisions(const FamilyDefinition& definition) const;
  Result<layout::Ref> InsertWithinLimit(const FamilyDefinition& definition, const HashChains::Search& search);
  Result<layout::Ref> InsertFamily(const FamilyDefinition& definition, const HashChains::Search& search,
                                   bool* is_new);
  Result<layout::SeriesRecord*> InsertSeries(const RegisteredFamily& family,
                                             std::span<const std::string_view> values,
                                             const HashChains::Search& search);
  bool ReserveSeries(const RegisteredFamily& family);
  void ReturnSeries(const RegisteredFamily& family);
  Error CountRefusal(const RegisteredFamily* family, Error error) const;

  const Segment& segment_;
  Arena& arena_;
  HashChains chains_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_DIRECTORY_H_
