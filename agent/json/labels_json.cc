#include "agent/json/labels_json.h"

#include <string>

#include "agent/json/json_writer.h"
#include "shm/series/family.h"
#include "shm/series/label_block.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

void WriteLabels(const shm::SeriesSnapshot& series, JsonWriter* json) {
  json->Key("labels");
  json->StartObject();
  for (const shm::Label& label : shm::ParseLabelBlock(series.labels())) {
    json->Key(label.name);
    json->String(label.value);
  }
  if (series.worker >= 0) {
    json->Key(shm::kWorkerLabel);
    json->String(std::to_string(series.worker));
  }
  json->EndObject();
}

}  // namespace shmetrics::agent
