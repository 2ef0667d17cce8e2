#ifndef SHMETRICS_AGENT_JSON_JSON_H_
#define SHMETRICS_AGENT_JSON_JSON_H_

#include <cstdint>
#include <string>

namespace shmetrics::shm {
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

/// Appends a map: metric name -> {type, description, unit, series, stats}. Families without a series are left
/// out.
/// A series is {labels, value}, or for a histogram {labels, count, sum, buckets: [{le, count}]} with
/// cumulative counts. Integers above 2^53 and "NaN", "+Inf", "-Inf" are strings, because a JSON reader would
/// round or refuse them as numbers.
/// `stats` are computed over the present values of the series. For a histogram they are over its
/// observations: only count, sum and mean are known, the rest is null. (In the system that this map comes
/// from they were over the latest samples of one process.)
/// Families in audio::kAliases appear a second time, under the dotted name and with the key `alias_of`.
void WriteMetricsJson(const shm::Snapshot& snapshot, std::string* out);

/// Appends {"metrics": the map above, "timestamp": `unix_ns` as ISO 8601}.
void WriteMetricsDocumentJson(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_JSON_H_
