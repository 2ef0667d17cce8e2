#ifndef SHMETRICS_AGENT_OWN_METRICS_SEGMENT_METRICS_H_
#define SHMETRICS_AGENT_OWN_METRICS_SEGMENT_METRICS_H_

#include <string>

#include "agent/own_metrics/metric_builder.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Adds what an operator wants to know about a segment: each limit with how much of it is used, so that they
/// see it coming. `path` is the segment's.
void AddSegmentMetrics(const shm::SegmentSnapshot& segment, const std::string& path, MetricBuilder* out);

/// Adds the workers alive and started, and how the others have ended. `exits` are the counts of WorkerExits.
void AddWorkerMetrics(const shm::Snapshot& segment, const shm::Exits& exits, MetricBuilder* out);

/// Adds the series of the families with the most series, and the refusals of those with the most refusals.
void AddFamilyMetrics(const shm::Snapshot& segment, MetricBuilder* out);

/// Adds the refusals by reason, and what was skipped.
void AddRefusalMetrics(const shm::Snapshot& segment, MetricBuilder* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_SEGMENT_METRICS_H_
