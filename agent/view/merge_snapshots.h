#ifndef SHMETRICS_AGENT_VIEW_MERGE_SNAPSHOTS_H_
#define SHMETRICS_AGENT_VIEW_MERGE_SNAPSHOTS_H_

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Adds to `newer` what `older`, a snapshot of the segment it replaced, still has to say, so that no total
/// goes backwards when a segment is replaced while workers go on counting in the old one:
///   - counters and histograms add up, and gauges join by their mode; of most_recent and last the newer one's value
///     stands, because their order is not known across segments; workers of `older` are numbered behind those of
///     `newer`;
///   - what only `older` has is shown too, unless its name means something else in `newer`: a family of another
///     definition, or a sample name in common;
///   - refusals, skipped records, live leases and recovered locks add up; of the workers of `older` the living are listed.
/// Afterwards `newer` keeps the texts of both alive.
void MergeSnapshots(const shm::Snapshot& older, shm::Snapshot* newer);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_MERGE_SNAPSHOTS_H_
