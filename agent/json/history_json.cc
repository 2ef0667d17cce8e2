#include "agent/json/history_json.h"

#include <limits>
#include <optional>
#include <unordered_set>

#include "agent/base/timestamp.h"
#include "agent/json/json_writer.h"
#include "agent/json/labels_json.h"
#include "shm/base/text_hash.h"
#include "shm/exposition/number.h"
#include "shm/series/family.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

constexpr std::int64_t kMillisecondNs = 1'000'000;

/// Writes the parts of one answer, all over the same columns.
class HistoryWriter {
 public:
  HistoryWriter(const History& history, ClockReading now, JsonWriter* json)
      : table_(history.table()), now_(now), json_(*json) {
    while (columns_ < table_.column_count() &&
           now.boot_ns - table_.ColumnAt(columns_).boot_ns <= History::kSpan.count())
      ++columns_;
  }

  void WriteTimes() {
    json_.Key("times");
    json_.StartArray();
    for (std::size_t age = columns_; age-- > 0;) WriteTime(age);
    json_.EndArray();
    json_.Key("breaks");
    json_.StartArray();
    for (std::size_t age = columns_; age-- > 0;) {
      if (table_.ColumnAt(age).is_break) WriteTime(age);
    }
    json_.EndArray();
  }

  void WriteFamily(std::string_view name, const History::Family& family, std::size_t top) {
    json_.StartObject();
    json_.Key("name");
    json_.String(name);
    json_.Key("type");
    json_.String(shm::TypeName(family.type));
    json_.Key("unit");
    json_.String(family.unit);
    json_.Key("series");
    json_.Integer(family.series_count);
    WriteValues("total", family.total);
    if (family.sum) {
      WriteValues("sum", *family.sum);
      WriteBuckets(family);
    }
    json_.Key("top");
    json_.StartArray();
    if (family.has_labels) {
      for (const RankedSeries::Series& series : family.ranked.series()) {
        if (top-- == 0) break;
        WriteSeries(name, series.name_and_labels, series.worker, series.row);
      }
    } else if (top > 0) {
      WriteSeries(name, name, -1, family.total);
    }
    json_.EndArray();
    json_.EndObject();
  }

 private:
  void WriteTime(std::size_t age) {
    const std::int64_t unix_ns = now_.unix_ns - (now_.boot_ns - table_.ColumnAt(age).boot_ns);
    const std::int64_t unix_ms = unix_ns / kMillisecondNs;
    json_.Double(static_cast<double>(unix_ms) / 1000);
  }

  void WriteValues(std::string_view key, RingTable::Row row) {
    json_.Key(key);
    json_.StartArray();
    for (std::size_t age = columns_; age-- > 0;) {
      const std::optional<double> value = table_.At(row, age);
      if (value) {
        json_.Double(*value);
      } else {
        json_.Null();
      }
    }
    json_.EndArray();
  }

  void WriteBuckets(const History::Family& family) {
    json_.Key("buckets");
    json_.StartArray();
    for (std::size_t i = 0; i < family.buckets.size(); ++i) WriteBucket(family.bounds[i], family.buckets[i]);
    if (!family.buckets.empty()) WriteBucket(std::numeric_limits<double>::infinity(), family.total);
    json_.EndArray();
  }

  void WriteBucket(double bound, RingTable::Row row) {
    char le[shm::kMaxNumberBytes];
    json_.StartObject();
    json_.Key("le");
    json_.String({le, shm::WriteBound(le, bound)});
    WriteValues("counts", row);
    json_.EndObject();
  }

  void WriteSeries(std::string_view name, std::string_view name_and_labels, std::int32_t worker,
                   RingTable::Row row) {
    shm::SeriesSnapshot series{};
    series.name_and_labels = name_and_labels;
    series.name_bytes = static_cast<std::uint32_t>(name.size());
    series.worker = worker;
    json_.StartObject();
    WriteLabels(series, &json_);
    WriteValues("values", row);
    json_.EndObject();
  }

  const RingTable& table_;
  const ClockReading now_;
  JsonWriter& json_;
  std::size_t columns_ = 0;  ///< how many of the table's are recent enough
};

}  // namespace

void WriteHistoryJson(const History& history, std::span<const std::string_view> names, std::size_t top,
                      ClockReading now, std::string* out) {
  const std::unordered_set<std::string_view, shm::TextHash> wanted(names.begin(), names.end());
  JsonWriter json(out);
  HistoryWriter writer(history, now, &json);
  json.StartObject();
  json.Key("timestamp");
  json.String(FormatUtc(now.unix_ns));
  json.Key("step_seconds");
  json.Integer(static_cast<std::uint64_t>(History::kStep.count()));
  writer.WriteTimes();
  json.Key("families");
  json.StartArray();
  for (const auto& [name, family] : history.families()) {
    if (wanted.empty() || wanted.contains(name)) writer.WriteFamily(name, family, top);
  }
  json.EndArray();
  json.Key("left_out");
  json.StartObject();
  json.Key("families");
  json.Integer(history.families_left_out());
  json.Key("series");
  json.Integer(history.series_left_out());
  json.EndObject();
  json.EndObject();
}

}  // namespace shmetrics::agent
