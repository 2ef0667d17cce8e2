#ifndef SHMETRICS_AGENT_OWN_METRICS_PROCESS_METRICS_H_
#define SHMETRICS_AGENT_OWN_METRICS_PROCESS_METRICS_H_

#include "agent/own_metrics/metric_builder.h"

namespace shmetrics::agent {

/// Adds process_*: what the calling process costs, under the names of all Prometheus clients. Leaves out what
/// the kernel does not tell.
void AddProcessMetrics(MetricBuilder* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_PROCESS_METRICS_H_
