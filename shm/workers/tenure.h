#ifndef SHMETRICS_SHM_WORKERS_TENURE_H_
#define SHMETRICS_SHM_WORKERS_TENURE_H_

// Tenure: one owner's time in a worker slot, and how it ended. An owner that ends by itself says so in the
// slot. Of the others /proc may know that the process lives on in another program. All else is unknown: a
// kill, a crash, or an exit that ran no handlers. Each claim adds the owner before it to the counts in the
// slot, so they are right though nobody was looking.

#include <cstdint>

#include "shm/layout/layout.h"
#include "shm/workers/worker_end.h"

namespace shmetrics::shm {

class Segment;

/// The tenure of the owner that made `epoch`.
inline layout::Tenure& TenureOf(layout::WorkerSlot* slot, std::uint64_t epoch) {
  return slot->tenures[epoch % 2];
}
inline const layout::Tenure& TenureOf(const layout::WorkerSlot& slot, std::uint64_t epoch) {
  return slot.tenures[epoch % 2];
}

/// How the owners before that of `epoch` ended.
Exits ExitsBefore(const layout::WorkerSlot& slot, std::uint64_t epoch);

/// How the owner of `epoch` has ended. Ask only if the kernel said that it is dead, after its stage was read.
/// Asks /proc if it did not say itself. Says kNone if the owner was still claiming.
Ending EndingOf(const Segment& segment, const layout::WorkerSlot& slot, std::uint64_t epoch);

/// Writes the tenure that begins with the next epoch, with the present owner added to the counts. Only
/// the holder of the claim byte may call it, and raises the epoch next.
void PrepareTenure(const Segment& segment, layout::WorkerSlot* slot);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_TENURE_H_
