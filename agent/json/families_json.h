#ifndef SHMETRICS_AGENT_JSON_FAMILIES_JSON_H_
#define SHMETRICS_AGENT_JSON_FAMILIES_JSON_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Appends {"families": [{name, type, unit, description, series}], "timestamp"} with every family, `series` being how many
/// it has.
void WriteFamilyListJson(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out);

/// Appends the same with the families in `names` alone, and of each its `top` largest series, so that a chart of ten
/// lines does not fetch ten thousand: counters and gauges by value, {labels, value} each, histograms by observations,
/// {labels, count, sum}. "total" is over all series of the family: the sum of the values that are numbers, or {count, sum,
/// buckets: [{le, count}]} with cumulative counts. Names that no family bears are passed over.
void WriteTopSeriesJson(const shm::Snapshot& snapshot, std::span<const std::string_view> names,
                        std::size_t top, std::int64_t unix_ns, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_FAMILIES_JSON_H_
