#ifndef SHMETRICS_SHM_SNAPSHOT_EXEMPLAR_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_EXEMPLAR_READER_H_

// Exemplars as a reader sees them: whole, and checked in every way that exposing them depends on.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/snapshot/series_index.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// Reads the exemplars of one snapshot, series by series.
class ExemplarReader {
 public:
  /// `out`'s memory is used again. Both must outlive the reader.
  ExemplarReader(const Segment& segment, std::vector<ExemplarSnapshot>* out);
  /// Leaves in `out` what was appended.
  ~ExemplarReader();
  ExemplarReader(const ExemplarReader&) = delete;
  ExemplarReader& operator=(const ExemplarReader&) = delete;

  /// Appends a series' exemplars in the order of its buckets, and says in `snapshot` where. To be called before the cells
  /// are read: who sees an exemplar then also sees its value counted. Costs one load for a series that never had any.
  void Append(const FamilyDefinition& family, const IndexedSeries& series, SeriesSnapshot* snapshot);

  /// Exemplars that were whole and yet made no sense, and series whose records lead nowhere.
  std::uint64_t skipped() const { return skipped_; }

 private:
  void AppendBucket(const FamilyDefinition& family, const layout::ExemplarRecord& record,
                    std::uint32_t bucket);

  const Segment& segment_;
  const std::int64_t now_unix_ns_;
  std::vector<ExemplarSnapshot>& out_;
  /// Records it may still visit: as many as there is memory for. The series of an honest segment share none.
  std::uint64_t records_left_;
  std::size_t used_ = 0;  ///< of `out_`
  std::uint64_t skipped_ = 0;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_EXEMPLAR_READER_H_
