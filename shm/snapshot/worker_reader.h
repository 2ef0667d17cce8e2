#ifndef SHMETRICS_SHM_SNAPSHOT_WORKER_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_WORKER_READER_H_

// Worker reader: reads worker slots and gauge rows.

#include <cstdint>
#include <vector>

#include "shm/segment/segment.h"
#include "shm/snapshot/lease_reader.h"
#include "shm/snapshot/snapshot.h"
#include "shm/workers/gauges.h"

namespace shmetrics::shm {

/// One worker's value of one gauge series.
struct GaugeContribution {
  std::uint32_t slot;
  GaugeReading reading;
};
/// A contribution, and the series it belongs to.
struct RowGauge {
  layout::Ref series;
  GaugeContribution value;
};

/// Fills `workers` with all slots that have ever been claimed, in their order, and fills `leases` by
/// `lease_reader`, which is of this segment. Returns the rows of the living. `workers` must be empty, or hold what was read of the same segment before. A dead
/// worker that it already holds costs only a look at its epoch, so a scrape does not get slower with every
/// death.
std::vector<RowGauge> ReadWorkers(const Segment& segment, std::vector<WorkerSnapshot>* workers,
                                  LeaseReader* lease_reader, LeaseReading* leases);

/// The same without leases and gauges: each worker keeps the number of leases it had.
void ReadWorkerSlots(const Segment& segment, std::vector<WorkerSnapshot>* workers);

/// Combines the living workers' values of one series. For an info the result is 1, whatever the values are.
/// The ticket has a meaning for most_recent only. `values` is not empty.
GaugeReading Aggregate(layout::GaugeMode mode, const std::vector<GaugeContribution>& values);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_WORKER_READER_H_
