#include "shm/workers/gauges.h"

#include <algorithm>
#include <bit>

#include "shm/base/clock.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeBlock;
using layout::GaugeCell;

/// The latest ticket. A damaged segment may hold later ones; then no order is kept, but every set still
/// shows.
constexpr std::uint64_t kLastTicket = UINT64_MAX / 2;

bool KeepsOrder(layout::GaugeMode mode) {
  return mode == layout::GaugeMode::kMostRecent || mode == layout::GaugeMode::kLast;
}

std::uint64_t TicketOfNow(std::uint64_t before) {
  const auto now = static_cast<std::uint64_t>(NowNs(CLOCK_MONOTONIC));
  return std::min(std::max(before + 1, now), kLastTicket);
}

std::atomic_ref<std::uint64_t> ValueOf(GaugeCell& cell) { return std::atomic_ref<std::uint64_t>(cell.value); }
std::atomic_ref<std::uint64_t> TicketOf(GaugeCell& cell) {
  return std::atomic_ref<std::uint64_t>(cell.ticket);
}

/// One 16-byte compare-and-swap to {change(value), the next ticket}; false if the value has moved.
template <class Change>
bool Update(GaugeCell* cell, const GaugeOrder& order, Change change) {
  // no order needed: a torn first guess only costs one more turn of the loop
  std::uint64_t seen[2] = {ValueOf(*cell).load(std::memory_order_relaxed),
                           TicketOf(*cell).load(std::memory_order_relaxed)};  // no order needed: as above
  std::uint64_t next[2];
  do {
    if (seen[1] == layout::kMovedTicket) return false;
    const double before = seen[1] == 0 ? 0.0 : std::bit_cast<double>(seen[0]);
    next[0] = std::bit_cast<std::uint64_t>(change(before));
    next[1] = order.Next(seen[1]);
  } while (!CompareExchange16(cell, seen, next));
  return true;
}

}  // namespace

GaugeOrder::GaugeOrder(layout::GaugeMode mode) : is_kept_(KeepsOrder(mode)) {}

GaugeOrder::GaugeOrder(const Segment& segment, layout::GaugeMode mode)
    : is_kept_(KeepsOrder(mode)), latest_(is_kept_ ? &segment.mutable_header().ticket : nullptr) {}

// The time alone would do, but for processes in time namespaces, whose clocks differ, and for two sets within
// a nanosecond. The latest ticket alone would do within one segment.
std::uint64_t GaugeOrder::Next(std::uint64_t before) const {
  if (!is_kept_) return 1;
  if (latest_ == nullptr) return TicketOfNow(before);
  // no order needed: the cell's compare-and-swap publishes; this word only has to give out each number once
  std::uint64_t latest = latest_->load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    next = TicketOfNow(std::max(latest, before));
    // no order needed: as above
  } while (!latest_->compare_exchange_weak(latest, next, std::memory_order_relaxed));
  return next;
}

void GaugeOrder::GoOnAfter(std::uint64_t ticket) const {
  if (latest_ == nullptr) return;
  std::uint64_t latest = latest_->load(std::memory_order_relaxed);  // no order needed: as in Next()
  // no order needed: as in Next()
  while (latest < ticket && !latest_->compare_exchange_weak(latest, ticket, std::memory_order_relaxed)) {
  }
}

bool SetGauge(GaugeCell* cell, double value, const GaugeOrder& order) {
  return Update(cell, order, [value](double) { return value; });
}

bool AddToGauge(GaugeCell* cell, double delta, const GaugeOrder& order) {
  return Update(cell, order, [delta](double before) { return before + delta; });
}

bool ClearGauge(GaugeCell* cell) {
  // no order needed: as in Update
  std::uint64_t seen[2] = {ValueOf(*cell).load(std::memory_order_relaxed),
                           TicketOf(*cell).load(std::memory_order_relaxed)};  // no order needed: as in Update
  const std::uint64_t never_set[2] = {0, 0};
  do {
    if (seen[1] == layout::kMovedTicket) return false;
  } while (!CompareExchange16(cell, seen, never_set));
  return true;
}

GaugeReading MoveGauge(GaugeCell* cell) {
  // no order needed: as in Update
  std::uint64_t seen[2] = {ValueOf(*cell).load(std::memory_order_relaxed),
                           TicketOf(*cell).load(std::memory_order_relaxed)};  // no order needed: as in Update
  const std::uint64_t moved[2] = {0, layout::kMovedTicket};
  while (!CompareExchange16(cell, seen, moved)) {
  }
  if (seen[1] == layout::kMovedTicket) return {};
  return {std::bit_cast<double>(seen[0]), seen[1]};
}

void PlaceGauge(GaugeCell* cell, const GaugeReading& reading, const GaugeOrder& order) {
  // no order needed: as in Update
  std::uint64_t seen[2] = {ValueOf(*cell).load(std::memory_order_relaxed),
                           TicketOf(*cell).load(std::memory_order_relaxed)};  // no order needed: as in Update
  const std::uint64_t ticket = std::min(reading.ticket, kLastTicket);
  const std::uint64_t next[2] = {ticket == 0 ? 0 : std::bit_cast<std::uint64_t>(reading.value), ticket};
  order.GoOnAfter(ticket);
  do {
    if (seen[1] != layout::kMovedTicket && seen[1] >= ticket) return;
  } while (!CompareExchange16(cell, seen, next));
}

GaugeReading ReadGauge(const GaugeCell& cell) {
  constexpr int kMaxTries = 64;
  auto& shared = const_cast<GaugeCell&>(cell);  // atomic_ref<const T> is C++26; only loads follow
  GaugeReading reading{};
  for (int i = 0; i < kMaxTries; i++) {
    // SYNC(gauge-cell): acquire, pairing with the compare-and-swap in Update, so that the value between two
    // equal tickets belongs to them
    reading.ticket = TicketOf(shared).load(std::memory_order_acquire);
    reading.value = std::bit_cast<double>(ValueOf(shared).load(std::memory_order_acquire));
    if (TicketOf(shared).load(std::memory_order_acquire) == reading.ticket) break;
  }
  return reading.ticket == layout::kMovedTicket ? GaugeReading{} : reading;
}

std::uint64_t MaxGaugeBlocks(const Segment& segment) {
  return std::uint64_t{segment.header().series_limit} / layout::kGaugesPerBlock + 4096;
}

void ClearGaugeRow(const Segment& segment, layout::WorkerSlot* slot) {
  std::uint32_t ref = slot->gauge_blocks.load(std::memory_order_acquire);  // SYNC(gauge-block)
  for (std::uint64_t i = 0; i < MaxGaugeBlocks(segment); i++) {
    auto* block = segment.AtRef<GaugeBlock>(ref);
    if (block == nullptr) return;
    block->used.store(0, std::memory_order_release);  // SYNC(slot-epoch)
    for (GaugeCell& cell : block->cells) {
      TicketOf(cell).store(0, std::memory_order_release);  // SYNC(slot-epoch)
      ValueOf(cell).store(0, std::memory_order_release);   // SYNC(slot-epoch)
    }
    ref = block->next.load(std::memory_order_acquire);  // SYNC(gauge-block)
  }
}

void ForEachGauge(const Segment& segment, const layout::WorkerSlot& slot, GaugeBudget* budget,
                  const std::function<void(layout::Ref series, const GaugeCell& cell)>& visit) {
  std::uint32_t ref = slot.gauge_blocks.load(std::memory_order_acquire);  // SYNC(gauge-block)
  for (;;) {
    const auto* block = segment.AtRef<GaugeBlock>(ref);
    if (block == nullptr || !budget->TakeBlock()) return;
    // SYNC(gauge-used)
    const std::uint32_t used = std::min(block->used.load(std::memory_order_acquire), layout::kGaugesPerBlock);
    for (std::uint32_t at = 0; at < used; at++) {
      visit(block->series[at].load(std::memory_order_acquire), block->cells[at]);  // SYNC(slot-epoch)
    }
    ref = block->next.load(std::memory_order_acquire);  // SYNC(gauge-block)
  }
}

}  // namespace shmetrics::shm
