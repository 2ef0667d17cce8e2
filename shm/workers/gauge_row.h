#ifndef SHMETRICS_SHM_WORKERS_GAUGE_ROW_H_
#define SHMETRICS_SHM_WORKERS_GAUGE_ROW_H_

// Gauge row: where the cells of this process's gauges are. The row itself is in the segment (gauges.h). Only
// its owner writes it, so the owner keeps an index of it in its own memory, and walks it only once.

#include <cstdint>
#include <unordered_map>

#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class GaugeRow {
 public:
  /// Both must outlive this.
  GaugeRow(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena) {}

  /// The cell of `series` in the row of `slot`, which this process owns. Makes one if there is none. Costs
  /// the same however many gauges there are; the first call after a claim walks over the blocks that former
  /// owners have left. Only under ForkGuard::Lock. kSegmentFull, kOutOfMemory, kCorrupt.
  Result<layout::GaugeCell*> CellOf(layout::WorkerSlot* slot, layout::Ref series);

 private:
  Result<void> ReadRow(layout::WorkerSlot* slot);
  Result<layout::GaugeCell*> Append(layout::Ref series);

  const Segment& segment_;
  Arena& arena_;
  // Of this owner of the slot. Another one, also in a child, begins anew.
  layout::WorkerSlot* slot_ = nullptr;
  std::uint64_t epoch_ = 0;
  std::unordered_map<layout::Ref, layout::GaugeCell*> cells_;
  std::atomic<std::uint32_t>* link_ =
      nullptr;  ///< leads to the block that the next cell is in, or to none yet
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_GAUGE_ROW_H_
