#ifndef SHMETRICS_AGENT_OWN_METRICS_SEGMENT_METRICS_H_
#define SHMETRICS_AGENT_OWN_METRICS_SEGMENT_METRICS_H_

#include <cstdint>
#include <string>

#include "agent/own_metrics/metric_builder.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Adds what an operator wants to know of a segment: beside each limit how much of it is used, so that he sees it before
/// it is met. `path` is the segment's.
void AddSegmentMetrics(const shm::SegmentSnapshot& segment, const std::string& path, MetricBuilder* out);

/// Adds workers alive, started and dead; `deaths` is WorkerDeaths' count.
void AddWorkerMetrics(const shm::Snapshot& segment, std::uint64_t deaths, MetricBuilder* out);

/// Adds what the families with the most series, and those with the most refusals, have of each.
void AddFamilyMetrics(const shm::Snapshot& segment, MetricBuilder* out);

/// Adds refusals by reason, and what was passed over.
void AddRefusalMetrics(const shm::Snapshot& segment, MetricBuilder* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_SEGMENT_METRICS_H_
