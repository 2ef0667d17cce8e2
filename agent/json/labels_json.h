#ifndef SHMETRICS_AGENT_JSON_LABELS_JSON_H_
#define SHMETRICS_AGENT_JSON_LABELS_JSON_H_

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

class JsonWriter;

/// Writes the key "labels" and an object of a series' labels, the `worker` of a per_worker gauge among them.
void WriteLabels(const shm::SeriesSnapshot& series, JsonWriter* json);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_LABELS_JSON_H_
