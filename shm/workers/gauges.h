#ifndef SHMETRICS_SHM_WORKERS_GAUGES_H_
#define SHMETRICS_SHM_WORKERS_GAUGES_H_

// Gauges: the values that one worker shows while it lives. Its row is a list of blocks that hangs on its
// slot, with one cell for each series it has set. A gauge of mode last is different: the whole host has one
// cell for it, which outlives the worker that set it.
//
// Writers: the process that owns the slot (any of its threads); any process for a cell of mode last.
// Readers: worker_reader.cc, which reads only rows of living owners; snapshot_reader.cc for mode last.
// A cell changes by one 16-byte compare-and-swap, so value and ticket agree after a kill at any instruction.

#include <cstdint>
#include <functional>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// The order of sets of one gauge among workers. If the mode shows the latest set, a ticket gives the order:
/// it is later than every ticket of the segment, and not before the time of the set. So the order also holds
/// between two segments, and for a value that was set without any, when that value moves into a segment.
/// Other modes keep none, because all workers would contend for the word that holds the latest ticket.
class GaugeOrder {
 public:
  GaugeOrder() = default;                                      ///< keeps no order
  explicit GaugeOrder(layout::GaugeMode mode);                 ///< of values without a segment
  GaugeOrder(const Segment& segment, layout::GaugeMode mode);  ///< of values in it
  /// Ticket of a set that happens now, of a cell that has the ticket `before`. Never 0, which means "never
  /// set", nor kMovedTicket. Costs a read of the clock if an order is kept.
  std::uint64_t Next(std::uint64_t before = 0) const;
  /// Lets the tickets of the segment go on behind one that came from elsewhere.
  void GoOnAfter(std::uint64_t ticket) const;

 private:
  bool is_kept_ = false;
  std::atomic<std::uint64_t>* latest_ = nullptr;  ///< null if no order is kept, or without a segment
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
/// Puts a value that was taken out of another cell into this one, with its ticket: moving is not setting, so
/// the value stays as old as it was. A value of this cell that is as late or later stays; if no order is
/// kept, every value of its own does. A cell marked as moved can be set again afterwards.
void PlaceGauge(layout::GaugeCell* cell, const GaugeReading& reading, const GaugeOrder& order);

/// More blocks than all series fill. A longer row goes in a circle.
std::uint64_t MaxGaugeBlocks(const Segment& segment);

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
