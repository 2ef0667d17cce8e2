#ifndef SHMETRICS_AGENT_JSON_SERIES_JSON_H_
#define SHMETRICS_AGENT_JSON_SERIES_JSON_H_

#include <cstdint>
#include <string>

#include "agent/view/series_search.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

class JsonWriter;

/// Writes the keys of one series: labels and value, or for a histogram labels, count and sum.
void WriteSeriesKeys(const shm::SeriesSnapshot& series, const shm::FamilySnapshot& family,
                     const shm::Snapshot& snapshot, JsonWriter* json);

/// Appends {series: [{name, type, unit, and the keys above}], matches, searched, complete, timestamp}, the best
/// matches first.
void WriteFoundSeriesJson(const shm::Snapshot& snapshot, const SeriesSearch::Answer& found,
                          std::int64_t unix_ns, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_SERIES_JSON_H_
