#ifndef SHMETRICS_AGENT_JSON_VALUE_STATS_H_
#define SHMETRICS_AGENT_JSON_VALUE_STATS_H_

#include <cstddef>
#include <vector>

namespace shmetrics::agent {

/// The statistics of a list of values that the JSON shows.
struct Stats {
  std::size_t count;
  double sum;
  double mean;
  double median;
  double min;
  double max;
  double stddev;  ///< the sample's standard deviation; 0 for one value
};

/// Needs at least one value. If one of them is NaN, all results but the count are NaN.
Stats ComputeStats(std::vector<double> values);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_VALUE_STATS_H_
