#include "agent/json/families_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string_view>
#include <vector>

#include "agent/base/timestamp.h"
#include "agent/json/json_writer.h"
#include "agent/json/series_json.h"
#include "shm/exposition/number.h"
#include "shm/layout/layout.h"
#include "shm/series/family.h"
#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/saturating_sum.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using shm::layout::MetricType;

struct SeriesRank {
  double rank;
  const SeriesSnapshot* series;
};

double Rank(const SeriesSnapshot& series, const FamilySnapshot& family, const shm::Snapshot& snapshot) {
  switch (family.type) {
    case MetricType::kHistogram:
      return static_cast<double>(shm::TotalOf(snapshot.BucketsOf(family, series)).count);
    case MetricType::kCounter:
      return static_cast<double>(series.integer);
    case MetricType::kFractionalCounter:
    case MetricType::kGauge:
      break;
  }
  // NaN cannot be ordered: it comes last.
  return std::isnan(series.number) ? -std::numeric_limits<double>::infinity() : series.number;
}

/// The `top` largest series, largest first. Equal ones keep the family's order: else lines of a chart would
/// change places between two reads of the same values.
std::vector<SeriesRank> TopSeries(const FamilySnapshot& family, std::size_t top,
                                  const shm::Snapshot& snapshot) {
  std::vector<SeriesRank> ranked;
  ranked.reserve(family.series.size());
  for (const SeriesSnapshot& series : family.series)
    ranked.push_back({Rank(series, family, snapshot), &series});
  const std::size_t kept = std::min(top, ranked.size());
  std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(kept),
                            [](const SeriesRank& a, const SeriesRank& b) {
                              return a.rank != b.rank ? a.rank > b.rank : a.series < b.series;
                            });
  ranked.resize(kept);
  return ranked;
}

/// One bucket as in Prometheus: how many observations were not above `bound`.
void WriteBucket(double bound, std::uint64_t count, JsonWriter* json) {
  char le[shm::kMaxNumberBytes];
  const char* const end = shm::WriteBound(le, bound);
  json->StartObject();
  json->Key("le");
  json->String({le, end});
  json->Key("count");
  json->Integer(count);
  json->EndObject();
}

void WriteHistogramTotal(const FamilySnapshot& family, const shm::Snapshot& snapshot, JsonWriter* json) {
  std::vector<shm::BucketSnapshot> all(family.bounds.size() + 1);
  for (const SeriesSnapshot& series : family.series) {
    const auto buckets = snapshot.BucketsOf(family, series);
    for (std::size_t i = 0; i < all.size(); ++i) shm::AddBucket(buckets[i], &all[i]);
  }
  const shm::BucketSnapshot total = shm::TotalOf(all);
  json->StartObject();
  json->Key("count");
  json->Integer(total.count);
  json->Key("sum");
  json->Double(total.sum);
  json->Key("buckets");
  json->StartArray();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    count += all[i].count;
    WriteBucket(i < family.bounds.size() ? family.bounds[i] : std::numeric_limits<double>::infinity(), count,
                json);
  }
  json->EndArray();
  json->EndObject();
}

void WriteTotal(const FamilySnapshot& family, const shm::Snapshot& snapshot, JsonWriter* json) {
  json->Key("total");
  if (family.type == MetricType::kHistogram) return WriteHistogramTotal(family, snapshot, json);
  if (family.type == MetricType::kCounter) {
    std::uint64_t sum = 0;
    for (const SeriesSnapshot& series : family.series) sum += series.integer;
    return json->Integer(sum);
  }
  double sum = 0;
  for (const SeriesSnapshot& series : family.series) {
    sum = shm::SaturatingSum(sum, std::isfinite(series.number) ? series.number : 0);
  }
  json->Double(sum);
}

void WriteHead(const FamilySnapshot& family, JsonWriter* json) {
  json->Key("name");
  json->String(family.name);
  json->Key("type");
  json->String(shm::TypeName(family.type));
  json->Key("unit");
  json->String(family.unit);
  json->Key("description");
  json->String(family.help);
  json->Key("series");
  json->Integer(family.series.size());
}

/// Writes the document. Calls `write` for each family to write its members.
template <class Write>
void WriteDocument(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out, Write write) {
  JsonWriter json(out);
  json.StartObject();
  json.Key("families");
  json.StartArray();
  for (const FamilySnapshot& family : snapshot.families) write(family, &json);
  json.EndArray();
  json.Key("timestamp");
  json.String(FormatUtc(unix_ns));
  json.EndObject();
}

}  // namespace

void WriteFamilyListJson(const shm::Snapshot& snapshot, std::int64_t unix_ns, std::string* out) {
  WriteDocument(snapshot, unix_ns, out, [](const FamilySnapshot& family, JsonWriter* json) {
    json->StartObject();
    WriteHead(family, json);
    json->EndObject();
  });
}

void WriteTopSeriesJson(const shm::Snapshot& snapshot, std::span<const std::string_view> names,
                        std::size_t top, std::int64_t unix_ns, std::string* out) {
  // A request may name thousands, and a segment have as many families.
  const std::set<std::string_view> wanted(names.begin(), names.end());
  WriteDocument(snapshot, unix_ns, out, [&](const FamilySnapshot& family, JsonWriter* json) {
    if (!wanted.contains(family.name)) return;
    json->StartObject();
    WriteHead(family, json);
    WriteTotal(family, snapshot, json);
    json->Key("top");
    json->StartArray();
    for (const SeriesRank& ranked : TopSeries(family, top, snapshot)) {
      json->StartObject();
      WriteSeriesKeys(*ranked.series, family, snapshot, json);
      json->EndObject();
    }
    json->EndArray();
    json->EndObject();
  });
}

}  // namespace shmetrics::agent
