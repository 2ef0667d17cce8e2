#ifndef SHMETRICS_SHM_SNAPSHOT_WORKER_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_WORKER_READER_H_

// Worker slots and gauge rows as a reader sees them.

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
/// The same, as it stands in a row.
struct RowGauge {
  layout::Ref series;
  GaugeContribution value;
};

/// Fills `workers` with the slots that have ever been claimed, in their order, and `leases`; returns the rows of the
/// living. `workers` is empty or what was read of the same segment before: the dead of whom it knows cost no more than a
/// look at their epoch, so that a scrape does not get slower with every death.
std::vector<RowGauge> ReadWorkers(const Segment& segment, std::vector<WorkerSnapshot>* workers,
                                  LeaseReading* leases);

/// What the living workers' values of one series come to; of an info that is 1, whatever they are. `values` is not empty.
double Aggregate(layout::GaugeMode mode, const std::vector<GaugeContribution>& values);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_WORKER_READER_H_
