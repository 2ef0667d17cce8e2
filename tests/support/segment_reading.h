#ifndef SHMETRICS_TESTS_SUPPORT_SEGMENT_READING_H_
#define SHMETRICS_TESTS_SUPPORT_SEGMENT_READING_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shm/layout/enumerations.h"

namespace shmetrics::shm {
struct ExemplarSnapshot;
struct FamilySnapshot;
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::testing {

/// A histogram series as a reader of the segment sees it.
struct HistogramReading {
  std::uint64_t count = 0;
  double sum = 0;
  std::vector<std::uint64_t> buckets;  ///< not cumulative
};

/// The contents of a segment, read as the agent reads it: through a read-only mapping. Series are named as
/// text 0.0.4 writes them: foo_total{a="b"}.
class SegmentReading {
 public:
  /// Attaches to the segment at `path`. It is a test failure if that fails. Does not read yet.
  explicit SegmentReading(const std::string& path);
  ~SegmentReading();
  SegmentReading(SegmentReading&& other) noexcept;
  SegmentReading& operator=(SegmentReading&& other) noexcept;

  /// Reads again, and forgets what was read before.
  SegmentReading& Again();

  /// 0 if the series is not shown.
  std::uint64_t Counter(const std::string& series) const;
  double FractionalCounter(const std::string& series) const;
  /// Nothing if the series is not shown.
  std::optional<double> Gauge(const std::string& series) const;
  HistogramReading Histogram(const std::string& series) const;
  /// The exemplars of a counter or histogram series, by bucket; empty if it is not shown.
  std::vector<shm::ExemplarSnapshot> Exemplars(const std::string& series) const;
  /// The time when the series was registered first; 0 if it is not shown.
  std::int64_t CreatedUnixNs(const std::string& series) const;
  bool Shows(const std::string& series) const;
  /// All values of a per_worker gauge series.
  std::vector<double> PerWorker(const std::string& series) const;

  /// Null if the segment has no such family.
  const shm::FamilySnapshot* Family(const std::string& name) const;
  std::uint64_t Refusals(shm::layout::Refusal reason) const;
  std::uint64_t AliveWorkers() const;
  const shm::Snapshot& snapshot() const;

 private:
  /// The reader and what it has read. Half of all tests include this header, and few of them the reader's.
  struct Contents;

  std::unique_ptr<Contents> contents_;
};

/// Reads the segment at `path` once.
SegmentReading Read(const std::string& path);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_SEGMENT_READING_H_
