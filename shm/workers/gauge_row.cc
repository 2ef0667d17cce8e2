#include "shm/workers/gauge_row.h"

#include <algorithm>
#include <exception>

#include "shm/base/crash_point.h"
#include "shm/base/out_of_memory.h"
#include "shm/workers/gauges.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeBlock;
using layout::GaugeCell;
using layout::kGaugesPerBlock;

}  // namespace

Result<GaugeCell*> GaugeRow::CellOf(layout::WorkerSlot* slot, layout::Ref series) try {
  const std::uint64_t epoch = slot->epoch.load(std::memory_order_acquire);  // SYNC(slot-epoch)
  if (slot != slot_ || epoch != epoch_) {
    slot_ = nullptr;  // should it fail half-way
    if (Result<void> read = ReadRow(slot); !read.ok()) return read.error();
    slot_ = slot;
    epoch_ = epoch;
  }
  const auto known = cells_.try_emplace(series, nullptr).first;
  if (known->second != nullptr) return known->second;  // null also after an attempt that ran out of memory
  Result<GaugeCell*> cell = Append(series);
  if (cell.ok()) {
    known->second = cell.value();
  } else {
    cells_.erase(known);
  }
  return cell;
} catch (const std::exception&) {
  return OutOfMemory();
}

/// Finds the cells that this owner has, and where the next one belongs.
Result<void> GaugeRow::ReadRow(layout::WorkerSlot* slot) {
  cells_.clear();
  link_ = &slot->gauge_blocks;
  for (std::uint64_t i = 0; i < MaxGaugeBlocks(segment_); i++) {
    auto* block = segment_.AtRef<GaugeBlock>(link_->load(std::memory_order_acquire));  // SYNC(gauge-block)
    if (block == nullptr) return {};
    // no order needed: only this process writes, under its lock
    const std::uint32_t used = std::min(block->used.load(std::memory_order_relaxed), kGaugesPerBlock);
    for (std::uint32_t at = 0; at < used; at++) {
      // no order needed: as above
      cells_.try_emplace(block->series[at].load(std::memory_order_relaxed), &block->cells[at]);
    }
    if (used < kGaugesPerBlock) return {};
    link_ = &block->next;
  }
  return Error{ErrorCode::kCorrupt, "segment " + segment_.path() + " is corrupt: a gauge row has no end"};
}

// A new cell in a row:
//   1 allocate a block, if the last is full   die here -> leaked
//   2 hang it on the list                     die here -> an empty block in the row of a dead worker
//   3 write the series of the cell            die here -> not yet in use
//   4 raise `used`                            die here -> a gauge never set, in the row of a dead worker
// SYNC(gauge-block): release in 2, acquire in every walk of a row, so that a reader that sees the block sees
// it zeroed.
// SYNC(gauge-used): release in 4, acquire in ForEachGauge, so that a reader that counts the cell sees its
// series.
Result<GaugeCell*> GaugeRow::Append(layout::Ref series) {
  for (int i = 0; i < 2; i++) {
    auto* block = segment_.AtRef<GaugeBlock>(link_->load(std::memory_order_acquire));  // SYNC(gauge-block)
    if (block == nullptr) {
      Result<std::uint64_t> offset = arena_.AllocateRecord(sizeof(GaugeBlock), alignof(GaugeBlock));
      if (!offset.ok()) return offset.error();
      block = reinterpret_cast<GaugeBlock*>(segment_.base() + offset.value());
      SHMETRICS_CRASH_POINT("gauges_block_allocated");
      link_->store(segment_.RefOf(block), std::memory_order_release);  // SYNC(gauge-block)
    }
    // no order needed: only this process writes, under its lock
    const std::uint32_t used = block->used.load(std::memory_order_relaxed);
    if (used < kGaugesPerBlock) {
      block->series[used].store(series, std::memory_order_release);  // SYNC(slot-epoch), see worker_slot.cc
      SHMETRICS_CRASH_POINT("gauges_series_written");
      block->used.store(used + 1, std::memory_order_release);  // SYNC(gauge-used)
      return &block->cells[used];
    }
    link_ = &block->next;
  }
  return Error{ErrorCode::kCorrupt,
               "segment " + segment_.path() + " is corrupt: a block of gauges is full that was never used"};
}

}  // namespace shmetrics::shm
