#include "shm/workers/tenure.h"

#include <algorithm>
#include <atomic>
#include <functional>

#include "shm/base/pid_namespace.h"
#include "shm/base/process_start.h"
#include "shm/segment/segment.h"
#include "shm/workers/gauges.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::Tenure;
using layout::TenureStage;

GaugeMode ModeOf(const Segment& segment, layout::Ref ref) {
  const auto* series = segment.AtRef<layout::SeriesRecord>(ref);
  if (series == nullptr) return GaugeMode::kNone;
  const auto* family = segment.AtRef<layout::FamilyRecord>(layout::ReadOnce(series->family));
  return family == nullptr ? GaugeMode::kNone : layout::ReadOnce(family->gauge_mode);
}

bool ShowsGauges(const Segment& segment, const layout::WorkerSlot& slot) {
  bool shows = false;
  GaugeBudget budget(segment);
  const auto look = [&](layout::Ref series, const layout::GaugeCell& cell) {
    const GaugeReading reading = ReadGauge(cell);
    if (shows || reading.ticket == 0) return;
    const GaugeMode mode = ModeOf(segment, series);
    shows = mode != GaugeMode::kInfo && !(mode == GaugeMode::kSum && reading.value == 0);
  };
  // By reference, because a copy would be allocated: a claim that asks this holds a lock, and must not end by
  // an exception.
  ForEachGauge(segment, slot, &budget, std::cref(look));
  return shows;
}

bool HasExecuted(const layout::WorkerSlot& slot) {
  const std::uint64_t pid_namespace = slot.pid_namespace.load(std::memory_order_acquire);  // SYNC(slot-epoch)
  return pid_namespace != 0 && pid_namespace == PidNamespace() &&
         IsProcessOf(slot.pid.load(std::memory_order_acquire),           // SYNC(slot-epoch)
                     slot.start_ticks.load(std::memory_order_acquire));  // SYNC(slot-epoch)
}

}  // namespace

Exits ExitsBefore(const layout::WorkerSlot& slot, std::uint64_t epoch) {
  const Tenure& tenure = TenureOf(slot, epoch);
  Exits exits;
  exits.ended = tenure.ended_before.load(std::memory_order_acquire);  // SYNC(slot-epoch), see worker_slot.cc
  exits.execs = tenure.execs_before.load(std::memory_order_acquire);  // SYNC(slot-epoch)
  exits.losses = tenure.losses_before.load(std::memory_order_acquire);  // SYNC(slot-epoch)
  const std::uint64_t told = 1 + exits.ended + exits.execs;
  exits.unknown = epoch - std::min(epoch, told);
  return exits;
}

Ending EndingOf(const Segment& segment, const layout::WorkerSlot& slot, std::uint64_t epoch) {
  const Tenure& tenure = TenureOf(slot, epoch);
  const TenureStage stage = tenure.stage.load(std::memory_order_acquire);  // SYNC(slot-epoch)
  if (stage == TenureStage::kEnded) return {WorkerEnd::kEnded};
  if (stage != TenureStage::kLiving) return {};
  Ending ending;
  ending.how = HasExecuted(slot) ? WorkerEnd::kExec : WorkerEnd::kUnknown;
  // SYNC(slot-epoch)
  ending.had_something = tenure.leases.load(std::memory_order_acquire) > 0 || ShowsGauges(segment, slot);
  return ending;
}

// The next owner's tenure, before it has an epoch. Everything is computed from the present tenure, which
// nobody changes any more, so the next claimer writes the same again if this one dies:
//   1 stage and leases   die here -> nobody looks at this tenure yet
//   2 the counts         die here -> as above
//   3 (raise the epoch)  die here -> the counts hold; the claimer counts as an unknown end with nothing lost
// SYNC(slot-epoch): release, so that a reader that meets these words sees at least the present epoch, and
// notices that it looked at a tenure of two epochs ago.
void PrepareTenure(const Segment& segment, layout::WorkerSlot* slot) {
  const std::uint64_t epoch = slot->epoch.load(std::memory_order_acquire);  // SYNC(slot-epoch)
  Exits before;
  if (epoch > 0) {
    before = ExitsBefore(*slot, epoch);
    before += EndingOf(segment, *slot, epoch);
  }
  Tenure& next = TenureOf(slot, epoch + 1);
  next.stage.store(TenureStage::kClaiming, std::memory_order_release);  // SYNC(slot-epoch)
  next.leases.store(0, std::memory_order_release);                      // SYNC(slot-epoch)
  const auto store = [](std::atomic<std::uint32_t>* word, std::uint64_t count) {
    word->store(static_cast<std::uint32_t>(count), std::memory_order_release);  // SYNC(slot-epoch)
  };
  store(&next.ended_before, before.ended);
  store(&next.execs_before, before.execs);
  store(&next.losses_before, before.losses);
}

}  // namespace shmetrics::shm
