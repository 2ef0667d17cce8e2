#include "agent/json/series_json.h"

#include "agent/base/timestamp.h"
#include "agent/json/json_writer.h"
#include "agent/json/labels_json.h"
#include "shm/layout/enumerations.h"
#include "shm/series/family.h"
#include "shm/snapshot/bucket_total.h"

namespace shmetrics::agent {

using shm::layout::MetricType;

void WriteSeriesKeys(const shm::SeriesSnapshot& series, const shm::FamilySnapshot& family,
                     const shm::Snapshot& snapshot, JsonWriter* json) {
  WriteLabels(series, json);
  if (family.type == MetricType::kHistogram) {
    const shm::BucketSnapshot total = shm::TotalOf(snapshot.BucketsOf(family, series));
    json->Key("count");
    json->Integer(total.count);
    json->Key("sum");
    json->Double(total.sum);
  } else if (family.type == MetricType::kCounter) {
    json->Key("value");
    json->Integer(series.integer);
  } else {
    json->Key("value");
    json->Double(series.number);
  }
}

void WriteFoundSeriesJson(const shm::Snapshot& snapshot, const SeriesSearch::Answer& found,
                          std::int64_t unix_ns, std::string* out) {
  JsonWriter json(out);
  json.StartObject();
  json.Key("series");
  json.StartArray();
  for (const auto& [family, series] : found.best) {
    json.StartObject();
    json.Key("name");
    json.String(family->name);
    json.Key("type");
    json.String(shm::TypeName(family->type));
    json.Key("unit");
    json.String(family->unit);
    WriteSeriesKeys(*series, *family, snapshot, &json);
    json.EndObject();
  }
  json.EndArray();
  json.Key("matches");
  json.Integer(found.matches);
  json.Key("searched");
  json.Integer(found.searched);
  json.Key("complete");
  json.Bool(found.is_complete);
  json.Key("timestamp");
  json.String(FormatUtc(unix_ns));
  json.EndObject();
}

}  // namespace shmetrics::agent
