#ifndef SHMETRICS_AGENT_JSON_VALUE_STATS_H_
#define SHMETRICS_AGENT_JSON_VALUE_STATS_H_

#include <cstddef>
#include <vector>

namespace shmetrics::agent {

/// What the JSON says of a list of values.
struct Stats {
  std::size_t count;
  double sum;
  double mean;
  double median;
  double min;
  double max;
  double stddev;  ///< of a sample; 0 for one value
};

/// Of at least one value. If one of them is NaN, so is everything but the count.
Stats ComputeStats(std::vector<double> values);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_VALUE_STATS_H_
