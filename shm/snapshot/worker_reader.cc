#include "shm/snapshot/worker_reader.h"

#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "shm/series/label_block.h"
#include "shm/workers/tenure.h"
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

/// What a slot says before the kernel is asked which owners live.
struct SlotLook {
  std::uint64_t epoch = 0;
  layout::TenureStage stage = layout::TenureStage::kClaiming;
  Exits exits;  ///< of the owners before this epoch
};

/// Reads again if the slot gets another owner meanwhile, whose words may be among what was read.
SlotLook LookAt(const layout::WorkerSlot& slot) {
  constexpr int kMaxTries = 8;
  SlotLook look;
  look.epoch = slot.epoch.load(std::memory_order_acquire);  // SYNC(slot-epoch), see worker_slot.cc
  for (int i = 0; look.epoch != 0 && i < kMaxTries; i++) {
    look.stage = TenureOf(slot, look.epoch).stage.load(std::memory_order_acquire);  // SYNC(slot-epoch)
    look.exits = ExitsBefore(slot, look.epoch);
    const std::uint64_t epoch = slot.epoch.load(std::memory_order_acquire);  // SYNC(slot-epoch)
    if (epoch == look.epoch) break;
    look.epoch = epoch;
  }
  return look;
}

/// How the slot's former owners have ended, now that it has another epoch. What was seen of the owner before
/// counts, and not what the next owner found out: an executed program may have ended meanwhile, and an end
/// that has been told must not become another.
Exits ExitsSince(const WorkerSnapshot& before, const SlotLook& look) {
  Exits since = look.exits;
  since -= before.told_exits;
  if (before.ending.how != WorkerEnd::kNone) {
    Exits seen;
    seen += before.ending;
    Exits told = seen;
    if (look.epoch == before.epoch + 1) {
      told = since;
    } else if (seen.execs > since.execs) {
      told = {};
      told += Ending{WorkerEnd::kUnknown, before.ending.had_something};
    }
    since -= told;
    since += seen;
  }
  Exits exits = before.exits;
  return exits += since;
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
void ReadIdentity(const layout::WorkerSlot& slot, std::uint32_t number, bool alive, const SlotLook& look,
                  WorkerSnapshot* worker) {
  const bool is_first_look = worker->epoch != look.epoch;
  const bool begins_to_live = alive && !worker->alive;
  if (!is_first_look && !begins_to_live && worker->is_settled) return;
  const WorkerSnapshot before = std::move(*worker);
  *worker = IdentityOf(slot, number, alive, look.epoch);
  worker->is_settled = alive || !is_first_look;
  worker->ending = is_first_look ? Ending() : before.ending;
  worker->exits = is_first_look ? ExitsSince(before, look) : before.exits;
  worker->told_exits = look.exits;
}

/// Finds out once how a dead owner ended. One that was still claiming before the kernel was asked may live.
void ReadEnding(const Segment& segment, const layout::WorkerSlot& slot, const SlotLook& look,
                WorkerSnapshot* worker) {
  if (worker->alive || look.stage == layout::TenureStage::kClaiming) return;
  if (worker->ending.how != WorkerEnd::kNone) return;
  const Ending ending = EndingOf(segment, slot, look.epoch);
  // SYNC(slot-epoch). The next owner may have changed what was read; it has counted the end itself.
  if (slot.epoch.load(std::memory_order_acquire) == look.epoch) worker->ending = ending;
}

void AppendRow(const Segment& segment, const layout::WorkerSlot& slot, std::uint32_t number,
               GaugeBudget* budget, std::vector<RowGauge>* out) {
  ForEachGauge(segment, slot, budget, [&](layout::Ref series, const layout::GaugeCell& cell) {
    if (const GaugeReading reading = ReadGauge(cell); reading.ticket != 0)
      out->push_back({series, {number, reading}});
  });
}

/// Who holds the slots at one moment. The epoch identifies an owner.
struct Owners {
  const layout::WorkerSlot* slots;
  std::vector<SlotLook> looks;  ///< from before the kernel was asked
  std::vector<bool> alive;
};

Owners ReadOwners(const Segment& segment) {
  const std::uint32_t slot_count = segment.header().slot_count;
  Owners owners{
      reinterpret_cast<const layout::WorkerSlot*>(segment.base() + segment.header().slots_offset), {}, {}};
  owners.looks.resize(slot_count);
  for (std::uint32_t number = 0; number < slot_count; number++)
    owners.looks[number] = LookAt(owners.slots[number]);
  owners.alive = AliveSlots(segment.probe_fd(), slot_count);
  return owners;
}

/// Brings `workers` up to date, and calls `visit` for each.
template <class Visit>
void UpdateWorkers(const Segment& segment, const Owners& owners, std::vector<WorkerSnapshot>* workers,
                   const Visit& visit) {
  auto next = workers->begin();
  for (std::uint32_t number = 0; number < owners.looks.size(); number++) {
    const SlotLook& look = owners.looks[number];
    if (look.epoch == 0) continue;
    const layout::WorkerSlot& slot = owners.slots[number];
    if (next != workers->end() && next->slot != number) next = workers->erase(next, workers->end());
    if (next == workers->end()) next = workers->insert(next, WorkerSnapshot{});
    WorkerSnapshot& worker = *next++;
    ReadIdentity(slot, number, owners.alive[number], look, &worker);
    worker.alive = owners.alive[number];
    ReadEnding(segment, slot, look, &worker);
    visit(&worker);
  }
  workers->erase(next, workers->end());
}

}  // namespace

/// Reads the slots, and the rows of the living. The epoch is read again after the row. If it has changed, the
/// former owner is gone, or the row is the new owner's. The next snapshot will show the new owner.
std::vector<RowGauge> ReadWorkers(const Segment& segment, std::vector<WorkerSnapshot>* workers,
                                  LeaseReader* lease_reader, LeaseReading* leases) {
  const Owners owners = ReadOwners(segment);
  *leases = lease_reader->Read([&](std::uint32_t slot, std::uint64_t epoch) {
    return slot < owners.looks.size() && owners.alive[slot] && owners.looks[slot].epoch == epoch;
  });
  std::vector<RowGauge> gauges;
  GaugeBudget budget(segment);
  UpdateWorkers(segment, owners, workers, [&](WorkerSnapshot* worker) {
    const layout::WorkerSlot& slot = owners.slots[worker->slot];
    const std::size_t before = gauges.size();
    if (worker->alive) AppendRow(segment, slot, worker->slot, &budget, &gauges);
    if (slot.epoch.load(std::memory_order_acquire) != owners.looks[worker->slot].epoch)
      gauges.resize(before);  // SYNC(slot-epoch)
    worker->leases = leases->by_slot[worker->slot];
  });
  return gauges;
}

void ReadWorkerSlots(const Segment& segment, std::vector<WorkerSnapshot>* workers) {
  UpdateWorkers(segment, ReadOwners(segment), workers, [](WorkerSnapshot*) {});
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
