#ifndef SHMETRICS_TESTS_SUPPORT_BARE_WORKER_H_
#define SHMETRICS_TESTS_SUPPORT_BARE_WORKER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/segment/segment_options.h"
#include "shm/series/directory.h"
#include "shm/series/family.h"
#include "shm/workers/gauge_row.h"
#include "shm/workers/worker_slot.h"

namespace shmetrics::testing {

using LabelValues = std::vector<std::string_view>;

/// A segment that is quick to make: 4 MiB, 1,000 series, 100 in a family, 16 worker slots, 2 CPU stripes.
shm::SegmentOptions SmallSegment();

shm::FamilyDefinition CounterNamed(const std::string& name, std::vector<std::string> labels = {});
shm::FamilyDefinition FractionalCounterNamed(const std::string& name, std::vector<std::string> labels = {});
shm::FamilyDefinition GaugeNamed(const std::string& name, shm::layout::GaugeMode mode,
                                 std::vector<std::string> labels = {});
shm::FamilyDefinition HistogramNamed(const std::string& name, std::vector<double> bounds,
                                     std::vector<std::string> labels = {});

/// A process's view of a segment for writing, built only from parts of shm. A refusal is a test failure,
/// unless the caller uses the parts directly.
class BareWorker {
 public:
  /// Attaches to the segment at `path`, or creates it.
  explicit BareWorker(const std::string& path, const shm::SegmentOptions& options = SmallSegment());

  shm::Segment& segment() { return *segment_; }
  shm::Arena& arena() { return arena_; }
  shm::Directory& directory() { return directory_; }
  shm::WorkerSlot& slot() { return slot_; }

  /// Registers the family, and keeps its definition as long as needed.
  Result<shm::RegisteredFamily> Register(const shm::FamilyDefinition& definition);
  Result<shm::layout::SeriesRecord*> Register(const shm::FamilyDefinition& definition,
                                              const LabelValues& values);

  void Count(const shm::FamilyDefinition& definition, const LabelValues& values, std::uint64_t n);
  void Count(const shm::FamilyDefinition& definition, const LabelValues& values, double n);
  void Observe(const shm::FamilyDefinition& definition, const LabelValues& values, double value);
  /// Observes with an exemplar, whose labels are a list of names and a list of values.
  void Observe(const shm::FamilyDefinition& definition, const LabelValues& values, double value,
               const LabelValues& names, const LabelValues& exemplar);
  void Count(const shm::FamilyDefinition& definition, const LabelValues& values, std::uint64_t n,
             const LabelValues& names, const LabelValues& exemplar);
  void Set(const shm::FamilyDefinition& definition, const LabelValues& values, double value);
  void Add(const shm::FamilyDefinition& definition, const LabelValues& values, double delta);

  /// The first cell of a counter or histogram series.
  template <class Cell>
  Cell* CellOf(const shm::layout::SeriesRecord& series) {
    return reinterpret_cast<Cell*>(segment_->base() + series.cells);
  }
  /// The cell of a gauge series: the host's for mode last, else this process's.
  Result<shm::layout::GaugeCell*> GaugeCellOf(const shm::FamilyDefinition& definition,
                                              const LabelValues& values);

 private:
  std::shared_ptr<shm::Segment> segment_;
  shm::Arena arena_;
  shm::Directory directory_;
  shm::WorkerSlot slot_;
  shm::GaugeRow row_{*segment_, arena_};
  std::deque<shm::FamilyDefinition> definitions_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_BARE_WORKER_H_
