#ifndef SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_READER_H_

// SnapshotReader: the one way to read a segment.

#include <cstdint>
#include <memory>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// Whether a snapshot has exemplars. Reading them costs many times what all else of their series costs, and only one format
/// shows them.
enum class ExemplarReading : std::uint8_t { kSkip, kRead };

/// Reads one segment again and again. Remembers what it has checked (SeriesIndex), so that a read costs what
/// the living series cost: dead workers and old scrapes cost nothing. One thread at a time. Never writes to
/// the segment, takes no lock, and is bounded in time and memory whatever the bytes say; throws nothing but
/// std::bad_alloc. Needs no more than a read-only mapping.
class SnapshotReader {
 public:
  /// `segment` must be attached read-only: its descriptor is what the kernel is asked through who is alive.
  /// It stays mapped for the life of the reader.
  explicit SnapshotReader(std::shared_ptr<const Segment> segment);
  ~SnapshotReader();
  SnapshotReader(SnapshotReader&&) noexcept;
  SnapshotReader& operator=(SnapshotReader&&) noexcept;

  /// Fills `out`, whose memory is used again. Counters and histograms are sums over the stripes at slightly
  /// different instants, never less than at the read before. Gauges are those of workers that are alive now.
  void Read(Snapshot* out, ExemplarReading exemplar_reading = ExemplarReading::kRead);

  /// The whole ledger, in no order; `out`'s memory is used again. Costs what there are users.
  void ReadLedger(std::vector<LedgerRecord>* out) const;

  const Segment& segment() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_SNAPSHOT_READER_H_
