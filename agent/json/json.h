#ifndef SHMETRICS_AGENT_JSON_JSON_H_
#define SHMETRICS_AGENT_JSON_JSON_H_

#include <cstdint>
#include <string>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Appends a map: metric name -> {type, description, unit, series, stats}; families without a series are left
/// out. A series is {labels, value}, of a histogram {labels, count, sum, buckets: [{le, count}]} with
/// cumulative counts. Integers above 2^53 and "NaN", "+Inf", "-Inf" are strings, because a JSON reader would
/// round or refuse them. `stats` are over the present values of the series; of a histogram over its
/// observations, of which only count, sum and mean are known and the rest is null. (In the system this map
/// comes from they were over the latest samples of one process.) Families of audio::kAliases are there a second time,
/// under the dotted name and with the key `alias_of`.
void WriteMetricsJson(const shm::Snapshot& snapshot, std::string* out);

/// Appends {"metrics": the map above, "timestamp": `unix_ns` as ISO 8601}.
void WriteMetricsDocumentJson(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_JSON_H_
