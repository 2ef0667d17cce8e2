#include "agent/json/json.h"

#include <cstddef>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/timestamp.h"
#include "agent/json/json_writer.h"
#include "agent/json/labels_json.h"
#include "agent/json/value_stats.h"
#include "client-lib/audio/definitions.h"
#include "shm/exposition/number.h"
#include "shm/layout/layout.h"
#include "shm/series/family.h"
#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using shm::layout::MetricType;

void WriteCountAndSum(const shm::BucketSnapshot& total, JsonWriter* json) {
  json->Key("count");
  json->Integer(total.count);
  json->Key("sum");
  json->Double(total.sum);
}

void WriteBuckets(std::span<const double> bounds, std::span<const shm::BucketSnapshot> buckets,
                  JsonWriter* json) {
  json->Key("buckets");
  json->StartArray();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    count += buckets[i].count;
    char le[shm::kMaxNumberBytes];
    const char* const end =
        shm::WriteBound(le, i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity());
    json->StartObject();
    json->Key("le");
    json->String({le, end});
    json->Key("count");
    json->Integer(count);
    json->EndObject();
  }
  json->EndArray();
}

void WriteObservationStats(const shm::BucketSnapshot& all, JsonWriter* json) {
  json->Key("stats");
  json->StartObject();
  WriteCountAndSum(all, json);
  json->Key("mean");
  if (all.count == 0) {
    json->Null();
  } else {
    json->Double(all.sum / static_cast<double>(all.count));
  }
  for (const std::string_view unknown : {"median", "min", "max", "stddev"}) {
    json->Key(unknown);
    json->Null();
  }
  json->EndObject();
}

void WriteValueStats(const Stats& stats, JsonWriter* json) {
  json->Key("stats");
  json->StartObject();
  json->Key("count");
  json->Integer(stats.count);
  for (const auto& [key, value] : {std::pair{"sum", stats.sum},
                                   {"mean", stats.mean},
                                   {"median", stats.median},
                                   {"min", stats.min},
                                   {"max", stats.max},
                                   {"stddev", stats.stddev}}) {
    json->Key(key);
    json->Double(value);
  }
  json->EndObject();
}

void WriteHistograms(const FamilySnapshot& family, const shm::Snapshot& snapshot, JsonWriter* json) {
  shm::BucketSnapshot all{};
  json->Key("series");
  json->StartArray();
  for (const SeriesSnapshot& series : family.series) {
    const std::span buckets = snapshot.BucketsOf(family, series);
    const shm::BucketSnapshot total = shm::TotalOf(buckets);
    json->StartObject();
    WriteLabels(series, json);
    WriteCountAndSum(total, json);
    WriteBuckets(family.bounds, buckets, json);
    json->EndObject();
    shm::AddBucket(total, &all);
  }
  json->EndArray();
  WriteObservationStats(all, json);
}

void WriteValues(const FamilySnapshot& family, JsonWriter* json) {
  std::vector<double> values;
  values.reserve(family.series.size());
  json->Key("series");
  json->StartArray();
  for (const SeriesSnapshot& series : family.series) {
    json->StartObject();
    WriteLabels(series, json);
    json->Key("value");
    if (family.type == MetricType::kCounter) {
      json->Integer(series.integer);
      values.push_back(static_cast<double>(series.integer));
    } else {
      json->Double(series.number);
      values.push_back(series.number);
    }
    json->EndObject();
  }
  json->EndArray();
  WriteValueStats(ComputeStats(std::move(values)), json);
}

/// Writes it under another name if `alias` is not empty.
void WriteFamily(const FamilySnapshot& family, std::string_view alias, const shm::Snapshot& snapshot,
                 JsonWriter* json) {
  json->Key(alias.empty() ? family.name : alias);
  json->StartObject();
  if (!alias.empty()) {
    json->Key("alias_of");
    json->String(family.name);
  }
  json->Key("type");
  const bool is_info = family.gauge_mode == shm::layout::GaugeMode::kInfo;
  json->String(is_info ? "info" : shm::TypeName(family.type));
  json->Key("description");
  json->String(family.help);
  json->Key("unit");
  json->String(family.unit);
  if (family.type == MetricType::kHistogram) {
    WriteHistograms(family, snapshot, json);
  } else {
    WriteValues(family, json);
  }
  json->EndObject();
}

void WriteMap(const shm::Snapshot& snapshot, JsonWriter* json) {
  json->StartObject();
  for (const FamilySnapshot& family : snapshot.families) {
    if (family.series.empty()) continue;
    WriteFamily(family, {}, snapshot, json);
    for (const shm::Alias& alias : audio::kAliases) {
      if (alias.of == family.name) WriteFamily(family, alias.alias, snapshot, json);
    }
  }
  json->EndObject();
}

}  // namespace

void WriteMetricsJson(const shm::Snapshot& snapshot, std::string* out) {
  JsonWriter json(out);
  WriteMap(snapshot, &json);
}

void WriteMetricsDocumentJson(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out) {
  JsonWriter json(out);
  json.StartObject();
  json.Key("metrics");
  WriteMap(snapshot, &json);
  json.Key("timestamp");
  json.String(FormatUtc(unix_ns));
  json.EndObject();
}

}  // namespace shmetrics::agent
