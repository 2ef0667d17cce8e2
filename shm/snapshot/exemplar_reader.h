#ifndef SHMETRICS_SHM_SNAPSHOT_EXEMPLAR_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_EXEMPLAR_READER_H_

// Exemplar reader: reads exemplars that are whole, and checks everything that exposing them depends on.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/snapshot/series_index.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// Reads the exemplars of one snapshot, series by series.
class ExemplarReader {
 public:
  /// Reuses the memory of `out`. Both must outlive the reader.
  ExemplarReader(const Segment& segment, std::vector<ExemplarSnapshot>* out);
  /// Leaves only the appended exemplars in `out`.
  ~ExemplarReader();
  ExemplarReader(const ExemplarReader&) = delete;
  ExemplarReader& operator=(const ExemplarReader&) = delete;

  /// Appends a series' exemplars in the order of its buckets, and records in `snapshot` where they are. Must
  /// be called before the cells are read, so that the value of every exemplar seen is also counted. Costs one
  /// load for a series that never had any.
  void Append(const FamilyDefinition& family, const IndexedSeries& series, SeriesSnapshot* snapshot);

  /// The number of whole exemplars that made no sense, and of series whose records lead nowhere.
  std::uint64_t skipped() const { return skipped_; }

 private:
  void AppendBucket(const FamilyDefinition& family, const layout::ExemplarRecord& record,
                    std::uint32_t bucket);

  const Segment& segment_;
  const std::int64_t now_unix_ns_;
  std::vector<ExemplarSnapshot>& out_;
  /// Records it may still visit: as many as there is memory for. The series of an undamaged segment share
  /// none.
  std::uint64_t records_left_;
  std::size_t used_ = 0;  ///< of `out_`
  std::uint64_t skipped_ = 0;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_EXEMPLAR_READER_H_
