#include "shm/snapshot/worker_reader.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <string>

#include "shm/series/label_block.h"
#include "shm/workers/worker_slot.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;

std::string NameOf(const layout::WorkerSlot& slot) {
  std::uint64_t words[std::size(layout::WorkerSlot{}.name)];
  for (std::size_t i = 0; i < std::size(words); i++) {
    words[i] = slot.name[i].load(std::memory_order_acquire);  // SYNC(slot-epoch), see worker_slot.cc
  }
  char text[sizeof words];
  std::memcpy(text, words, sizeof words);
  std::string name(text, strnlen(text, sizeof text));
  return IsValidUtf8(name) ? name : "?";
}

WorkerSnapshot IdentityOf(const layout::WorkerSlot& slot, std::uint32_t number, bool alive,
                          std::uint64_t epoch) {
  return {number,
          alive,
          NameOf(slot),
          slot.pid.load(std::memory_order_acquire),  // SYNC(slot-epoch)
          slot.started_unix_ns.load(std::memory_order_acquire),
          epoch};  // SYNC(slot-epoch)
}

/// Reads the identity of the slot's owner, unless that is known. A living owner finished writing it before it
/// took its lock. If the owner was not seen alive, its identity may be half-written, because a claim
/// was going on. Then a second look settles it, when the claim is long over.
void ReadIdentity(const layout::WorkerSlot& slot, std::uint32_t number, bool alive, std::uint64_t epoch,
                  WorkerSnapshot* worker) {
  const bool is_first_look = worker->epoch != epoch;
  const bool begins_to_live = alive && !worker->alive;
  if (!is_first_look && !begins_to_live && worker->is_settled) return;
  *worker = IdentityOf(slot, number, alive, epoch);
  worker->is_settled = alive || !is_first_look;
}

void AppendRow(const Segment& segment, const layout::WorkerSlot& slot, std::uint32_t number,
               GaugeBudget* budget, std::vector<RowGauge>* out) {
  ForEachGauge(segment, slot, budget, [&](layout::Ref series, const layout::GaugeCell& cell) {
    if (const GaugeReading reading = ReadGauge(cell); reading.ticket != 0)
      out->push_back({series, {number, reading}});
  });
}

}  // namespace

/// Reads the slots, and the rows of the living. The epoch identifies an owner: it is read before the kernel
/// is asked which workers live, and again after the row. If it has changed, the former owner is gone, or the
/// row is the new owner's. The next snapshot will show the new owner.
std::vector<RowGauge> ReadWorkers(const Segment& segment, std::vector<WorkerSnapshot>* workers,
                                  LeaseReading* leases) {
  const std::uint32_t slot_count = segment.header().slot_count;
  const auto* slots =
      reinterpret_cast<const layout::WorkerSlot*>(segment.base() + segment.header().slots_offset);
  std::vector<std::uint64_t> epochs(slot_count);
  for (std::uint32_t number = 0; number < slot_count; number++) {
    // SYNC(slot-epoch), see worker_slot.cc
    epochs[number] = slots[number].epoch.load(std::memory_order_acquire);
  }
  const std::vector<bool> alive = AliveSlots(segment.probe_fd(), slot_count);
  *leases = ReadLeases(segment, [&](std::uint32_t slot, std::uint64_t epoch) {
    return slot < slot_count && alive[slot] && epochs[slot] == epoch;
  });
  std::vector<RowGauge> gauges;
  GaugeBudget budget(segment);
  auto next = workers->begin();
  for (std::uint32_t number = 0; number < slot_count; number++) {
    if (epochs[number] == 0) continue;
    const layout::WorkerSlot& slot = slots[number];
    if (next != workers->end() && next->slot != number) next = workers->erase(next, workers->end());
    if (next == workers->end()) next = workers->insert(next, WorkerSnapshot{});
    WorkerSnapshot& worker = *next++;
    ReadIdentity(slot, number, alive[number], epochs[number], &worker);
    worker.alive = alive[number];
    const std::size_t before = gauges.size();
    if (worker.alive) AppendRow(segment, slot, number, &budget, &gauges);
    if (slot.epoch.load(std::memory_order_acquire) != epochs[number])
      gauges.resize(before);  // SYNC(slot-epoch)
    worker.leases = leases->by_slot[number];
  }
  workers->erase(next, workers->end());
  return gauges;
}

GaugeReading Aggregate(GaugeMode mode, const std::vector<GaugeContribution>& values) {
  GaugeReading result = values[0].reading;
  if (mode == GaugeMode::kInfo) result.value = 1;
  for (std::size_t i = 1; i < values.size(); i++) {
    const GaugeReading& next = values[i].reading;
    if (mode == GaugeMode::kSum) result.value += next.value;
    // fmin and fmax ignore NaN, so that one worker cannot force it on all
    if (mode == GaugeMode::kMin) result.value = std::fmin(result.value, next.value);
    if (mode == GaugeMode::kMax) result.value = std::fmax(result.value, next.value);
    if (mode == GaugeMode::kMostRecent && next.ticket > result.ticket) result = next;
  }
  return result;
}

}  // namespace shmetrics::shm
