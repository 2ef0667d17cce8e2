#ifndef SHMETRICS_AGENT_JSON_LABELS_JSON_H_
#define SHMETRICS_AGENT_JSON_LABELS_JSON_H_

namespace shmetrics::shm {
struct SeriesSnapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

class JsonWriter;

/// Writes the key "labels" and an object with a series' labels, including the `worker` of a per_worker gauge.
void WriteLabels(const shm::SeriesSnapshot& series, JsonWriter* json);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_LABELS_JSON_H_
