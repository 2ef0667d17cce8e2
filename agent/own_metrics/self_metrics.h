#ifndef SHMETRICS_AGENT_OWN_METRICS_SELF_METRICS_H_
#define SHMETRICS_AGENT_OWN_METRICS_SELF_METRICS_H_

#include <string>

#include "agent/own_metrics/agent_stats.h"
#include "agent/own_metrics/metric_builder.h"
#include "agent/view/segment_follower.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// What the agent reports about itself and the segment, as a snapshot of its own. The names begin with
/// `shmetrics_`, which workers cannot register. Only the process metrics do not; WriteExposition() leaves
/// them out where a worker has the same names.
class SelfMetrics {
 public:
  /// `view` is what the agent of `stats` reads from `segment_path`. `with_exporter_metrics` adds what the
  /// agent's process and its answers cost. Without it there is only what tells if the segment and the agent
  /// are healthy.
  SelfMetrics(const SegmentView& view, const std::string& segment_path, AgentStats* stats,
              bool with_exporter_metrics);

  const shm::Snapshot& snapshot() const { return builder_.snapshot(); }
  shm::Snapshot* mutable_snapshot() { return builder_.mutable_snapshot(); }

 private:
  MetricBuilder builder_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_SELF_METRICS_H_
