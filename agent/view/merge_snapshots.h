#ifndef SHMETRICS_AGENT_VIEW_MERGE_SNAPSHOTS_H_
#define SHMETRICS_AGENT_VIEW_MERGE_SNAPSHOTS_H_

namespace shmetrics::shm {
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

/// Adds `older`, a snapshot of the replaced segment, to `newer`. Without this, totals would go backwards when
/// a segment is replaced while workers go on counting in the old one.
///   - Counters and histograms are added. Gauges are joined by their mode; for most_recent and last the value
///     of `newer` stands, because nobody knows the order of values in two segments.
///   - The workers of `older` are numbered behind those of `newer`. Only the living ones are listed.
///   - Families that only `older` has are added, unless `newer` uses one of their names for something else.
///   - Refusals, skipped records, live leases and recovered locks are added.
/// Afterwards `newer` keeps the texts of both alive.
void MergeSnapshots(const shm::Snapshot& older, shm::Snapshot* newer);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_MERGE_SNAPSHOTS_H_
