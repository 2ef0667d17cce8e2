#ifndef SHMETRICS_AGENT_OWN_METRICS_SELF_METRICS_H_
#define SHMETRICS_AGENT_OWN_METRICS_SELF_METRICS_H_

#include <string>

#include "agent/own_metrics/agent_stats.h"
#include "agent/own_metrics/metric_builder.h"
#include "agent/view/segment_follower.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// What the agent says of itself and of the segment, as a snapshot of its own. Names begin with `shmetrics_`, which
/// workers cannot register, but for those of the process, which WriteExposition() leaves out where a worker has them.
class SelfMetrics {
 public:
  /// `view` is what `stats`' agent reads from `segment_path`. `with_exporter_metrics`: also what the agent's process and
  /// its answers cost; without, there is only what says whether the segment and the agent are well.
  SelfMetrics(const SegmentView& view, const std::string& segment_path, AgentStats* stats,
              bool with_exporter_metrics);

  const shm::Snapshot& snapshot() const { return builder_.snapshot(); }
  shm::Snapshot* mutable_snapshot() { return builder_.mutable_snapshot(); }

 private:
  MetricBuilder builder_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_SELF_METRICS_H_
