#ifndef SHMETRICS_SHM_WORKERS_GAUGES_H_
#define SHMETRICS_SHM_WORKERS_GAUGES_H_

// Gauges: the values that one worker shows while it lives. Its row is a list of blocks that hangs on its
// slot, with one cell for each series it has set. A gauge of mode last is different: the whole host has one
// cell for it, which outlives the worker that set it.
//
// Writers: the process that owns the slot (any of its threads); any process for a cell of mode last.
// Readers: snapshot.cc, which reads only rows of living owners.
// A cell changes by one 16-byte compare-and-swap, so value and ticket agree after a kill at any instruction.

#include <cstdint>
#include <functional>

#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// The order of sets of one gauge among workers. If the mode shows the latest set, a shared ticket gives the
/// order. Other modes keep none, because all workers would contend for the ticket's word.
class GaugeOrder {
 public:
  GaugeOrder() = default;  ///< keeps no order
  GaugeOrder(const Segment& segment, layout::GaugeMode mode);
  /// Ticket of a set that happens now; never 0, which means "never set".
  std::uint64_t Next() const;

 private:
  std::atomic<std::uint64_t>* ticket_ = nullptr;  ///< null if no order is kept
};

/// Sets the cell. False, without effect, if its value has moved (MoveGauge). Lock-free, any thread.
bool SetGauge(layout::GaugeCell* cell, double value, const GaugeOrder& order);
/// Adds to the cell, which counts as 0 if it was never set. False as above. Lock-free, any thread.
bool AddToGauge(layout::GaugeCell* cell, double delta, const GaugeOrder& order);

/// Removes the value: the cell counts as never set. False as above. Lock-free, any thread.
bool ClearGauge(layout::GaugeCell* cell);

struct GaugeReading {
  double value;
  std::uint64_t ticket;  ///< 0: never set, there is no value
};
/// Value and ticket from one moment. A value that has moved counts as never set. Bounded: after some tries
/// against a busy writer it takes what it has.
GaugeReading ReadGauge(const layout::GaugeCell& cell);
/// Takes the value out of a cell for good. No set or add can follow in this cell, so none is lost while the
/// value moves to another.
GaugeReading MoveGauge(layout::GaugeCell* cell);
/// Puts a value that was taken out of another cell into this one, unless this one has a value of its own. A
/// cell marked as moved can be set again afterwards.
void PlaceGauge(layout::GaugeCell* cell, const GaugeReading& reading, const GaugeOrder& order);

/// The cell of `series` in the row of `slot`. Makes one if there is none. Only for the owner of the slot,
/// under ForkGuard::Lock. kSegmentFull, kOutOfMemory.
Result<layout::GaugeCell*> GaugeCellOf(const Segment& segment, Arena& arena, layout::WorkerSlot* slot,
                                       layout::Ref series);

/// Forgets every gauge of the row; its memory stays for the next owner. Only for the owner of the slot.
void ClearGaugeRow(const Segment& segment, layout::WorkerSlot* slot);

/// How many blocks one look at all rows may visit: as many as there is memory for. Undamaged rows share no
/// blocks, so they stay within it. It ends the walk through rows that lead in circles or into each other.
class GaugeBudget {
 public:
  explicit GaugeBudget(const Segment& segment)
      : blocks_left_(segment.CommittedBytes() / sizeof(layout::GaugeBlock)) {}
  bool TakeBlock() { return blocks_left_ > 0 && blocks_left_-- > 0; }

 private:
  std::uint64_t blocks_left_;
};

/// Calls `visit` for each gauge of a row, whoever owns it, while the budget lasts. Does not check the series.
void ForEachGauge(const Segment& segment, const layout::WorkerSlot& slot, GaugeBudget* budget,
                  const std::function<void(layout::Ref series, const layout::GaugeCell& cell)>& visit);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_GAUGES_H_
