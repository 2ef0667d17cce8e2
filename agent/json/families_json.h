#ifndef SHMETRICS_AGENT_JSON_FAMILIES_JSON_H_
#define SHMETRICS_AGENT_JSON_FAMILIES_JSON_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace shmetrics::shm {
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

/// Appends {"families": [{name, type, unit, description, series}], "timestamp"} with every family. `series`
/// is the number of its series.
void WriteFamilyListJson(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out);

/// Appends the same for the families in `names` only, each with its `top` largest series, so that a chart of
/// ten lines does not fetch ten thousand.
/// Counters and gauges are ranked by value and written as {labels, value}; histograms are ranked by
/// observations and written as {labels, count, sum}. "total" covers all series of the family: the sum of the
/// values that are numbers, or {count, sum, buckets: [{le, count}]} with cumulative counts. Names without a
/// family are skipped.
void WriteTopSeriesJson(const shm::Snapshot& snapshot, std::span<const std::string_view> names,
                        std::size_t top, std::int64_t unix_ns, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_FAMILIES_JSON_H_
