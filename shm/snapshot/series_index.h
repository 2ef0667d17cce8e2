#ifndef SHMETRICS_SHM_SNAPSHOT_SERIES_INDEX_H_
#define SHMETRICS_SHM_SNAPSHOT_SERIES_INDEX_H_

// Series index: a reader's private, checked copy of the directory. It copies and validates texts once, when
// it first sees a record; after that a read touches only cells. It finds new records by comparing the heads
// of the chains with those of the last look, because a directory grows only at its heads.

#include <cstdint>
#include <deque>
#include <memory_resource>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "shm/base/text_hash.h"
#include "shm/segment/segment.h"
#include "shm/series/family.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

struct IndexedSeries {
  layout::Ref ref;
  std::uint32_t name_bytes;
  std::string_view name_and_labels;    ///< as SeriesSnapshot wants it
  const layout::SeriesRecord* record;  ///< for its visibility
  char* cells;                         ///< of stripe 0; the GaugeCell of a gauge of mode last; else null
  std::int64_t created_unix_ns;        ///< 0 if the record says nonsense
};

struct IndexedFamily {
  layout::Ref ref;
  FamilyDefinition definition;
  std::vector<std::string_view> label_names;  ///< of `definition`
  const layout::FamilyRecord* record;         ///< for its counts
  bool collides = false;              ///< an earlier family exposes one of its names, so it is not shown
  std::vector<IndexedSeries> series;  ///< by ref, which is the order of registration
};

class SeriesIndex {
 public:
  explicit SeriesIndex(const Segment& segment);

  /// Adds what has been registered since the last call.
  void Update();

  /// All families, by name.
  const std::vector<IndexedFamily*>& families() const { return by_name_; }
  /// The family of a series, by the refs of both; null if there is none, or it is not a gauge.
  const IndexedFamily* GaugeFamilyOf(layout::Ref series) const;
  /// What has been skipped so far.
  const Skipped& skipped() const { return skipped_; }

 private:
  void WalkChain(layout::Ref head, layout::Ref seen);
  IndexedFamily* AddFamily(layout::Ref ref);
  void AddSeries(layout::Ref ref);
  std::optional<IndexedSeries> ReadSeries(const IndexedFamily& family, layout::Ref ref, bool embedded);
  void Insert(IndexedFamily* family, const IndexedSeries& series);
  void OrderFamilies();
  std::string_view Keep(std::string_view name, std::string_view block);

  const Segment& segment_;
  std::vector<layout::Ref> heads_;  ///< of the chains, at the last look
  std::vector<layout::Ref> found_;  ///< series met in the present look
  /// Records that the present look may still meet: no more than an undamaged segment holds, wherever its
  /// chains lead.
  std::uint64_t steps_left_ = 0;
  std::pmr::monotonic_buffer_resource texts_;
  std::uint64_t text_bytes_ = 0;
  std::deque<IndexedFamily> families_;
  std::unordered_map<layout::Ref, IndexedFamily*> by_ref_;
  std::vector<IndexedFamily*> by_name_;
  std::unordered_map<layout::Ref, const IndexedFamily*> gauges_;
  /// name_and_labels of all series, so that a label set is shown once.
  std::unordered_set<std::string_view, TextHash> known_texts_;
  std::uint64_t series_count_ = 0;
  Skipped skipped_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_SERIES_INDEX_H_
