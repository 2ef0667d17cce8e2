#ifndef SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_READER_H_

// SnapshotReader: the one way to read a segment.

#include <cstdint>
#include <memory>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

class Segment;

/// Whether a snapshot has exemplars. Reading them costs many times as much as the rest of their series, and
/// only one format shows them.
enum class ExemplarReading : std::uint8_t { kSkip, kRead };

/// Reads one segment again and again. It remembers what it has checked (SeriesIndex), so the cost of a read
/// depends only on the living series: dead workers and old scrapes cost nothing. One thread at a time. It
/// never writes to the segment and takes no lock. It is bounded in time and memory, whatever the bytes say.
/// It throws only std::bad_alloc. A read-only mapping is enough.
class SnapshotReader {
 public:
  /// `segment` must be attached read-only: its descriptor is used to ask the kernel which workers are alive.
  /// It stays mapped for the life of the reader.
  explicit SnapshotReader(const std::shared_ptr<const Segment>& segment);
  ~SnapshotReader();
  SnapshotReader(SnapshotReader&&) noexcept;
  SnapshotReader& operator=(SnapshotReader&&) noexcept;

  /// Fills `out` and reuses its memory. Counters and histograms are sums over the stripes at slightly
  /// different instants, never less than at the read before. Gauges are those of workers that are alive now.
  void Read(Snapshot* out, ExemplarReading exemplar_reading = ExemplarReading::kRead);

  /// Reads again what costs nothing by the number of series and leases: the workers, and the segment but for
  /// its leases. Everything else in `out` stays.
  void ReadSummary(Snapshot* out) const;

  /// Reads the whole ledger, in no order, and reuses the memory of `out`. The cost grows with the number of
  /// users.
  void ReadLedger(std::vector<LedgerRecord>* out) const;

  const Segment& segment() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_READER_H_
