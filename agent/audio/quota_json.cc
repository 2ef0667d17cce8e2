#include "agent/audio/quota_json.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <set>
#include <vector>

#include "agent/json/json_writer.h"
#include "client-lib/audio/definitions.h"
#include "client-lib/audio/ledger_format.h"
#include "shm/layout/layout.h"
#include "shm/series/label_block.h"

namespace shmetrics::agent {
namespace {

using shm::SeriesSnapshot;
using shm::layout::MetricType;

constexpr std::string_view kEndpoint = "/api/v1/audio/stream/transcribe";
/// These come first in the list, because clients take the first model that they know.
constexpr std::string_view kFirstModels[] = {"parakeet-mlx", "parakeet-standard", "parakeet-onnx"};
constexpr std::string_view kFeatures[] = {"partial_results",     "multiple_languages", "concurrent_streams",
                                          "segment_metadata",    "live_insights",      "meeting_notes",
                                          "speaker_diarization", "audio_persistence"};

/// The series of the family `name`; none if workers have registered another type under that name.
std::span<const SeriesSnapshot> SeriesOf(const shm::Snapshot& snapshot, std::string_view name,
                                         MetricType type) {
  const auto family = std::ranges::lower_bound(snapshot.families, name, {}, &shm::FamilySnapshot::name);
  if (family == snapshot.families.end() || family->name != name || family->type != type) return {};
  return family->series;
}

std::string LabelBlock(std::string_view name, std::string_view value) {
  return shm::MakeLabelBlock({&name, 1}, {&value, 1});
}

/// How many are going on. Any value is possible, because workers may have registered another gauge of that
/// name.
std::uint64_t CountOf(const SeriesSnapshot& series) {
  return series.number >= 1 && series.number < 1e15 ? static_cast<std::uint64_t>(series.number) : 0;
}

std::uint64_t SumOf(std::span<const SeriesSnapshot> all) {
  std::uint64_t sum = 0;
  for (const SeriesSnapshot& series : all) sum += CountOf(series);
  return sum;
}

/// The user's series in a lease gauge; null if there is none.
const SeriesSnapshot* SeriesOfUser(const shm::Snapshot& snapshot, std::string_view name,
                                   std::string_view user_label) {
  const auto all = SeriesOf(snapshot, name, MetricType::kGauge);
  const auto found =
      std::ranges::find(all, LabelBlock(audio::kUserLabel, user_label), &SeriesSnapshot::labels);
  return found == all.end() ? nullptr : &*found;
}

/// How many a user has of what the gauge `metric` counts.
std::uint64_t ActiveOf(const shm::Snapshot& snapshot, std::string_view metric, std::string_view user_label) {
  const SeriesSnapshot* series = SeriesOfUser(snapshot, metric, user_label);
  return series == nullptr ? 0 : CountOf(*series);
}

/// The amount that work in progress holds back.
std::uint64_t ReservedBy(const shm::Snapshot& snapshot, std::string_view user_label) {
  const SeriesSnapshot* series = SeriesOfUser(snapshot, audio::kReservationsMetric, user_label);
  return series == nullptr || CountOf(*series) == 0 ? 0 : series->reserved;
}

std::uint64_t ViolationsOf(const shm::Snapshot& snapshot, std::string_view type) {
  const auto all = SeriesOf(snapshot, audio::kViolationsMetric, MetricType::kCounter);
  const auto found =
      std::ranges::find(all, LabelBlock(audio::kViolationLabel, type), &SeriesSnapshot::labels);
  return found == all.end() ? 0 : found->integer;
}

std::vector<std::string> AvailableModels(const shm::Snapshot& snapshot, const audio::AudioConfig& config) {
  std::set<std::string> models(config.models.begin(), config.models.end());
  for (const SeriesSnapshot& series : SeriesOf(snapshot, audio::kModelsMetric, MetricType::kGauge)) {
    if (CountOf(series) == 0) continue;
    for (shm::Label& label : shm::ParseLabelBlock(series.labels())) {
      if (label.name == audio::kModelLabel) models.insert(std::move(label.value));
    }
  }
  std::vector<std::string> ordered;
  for (const std::string_view first : kFirstModels) {
    if (models.erase(std::string(first)) > 0) ordered.emplace_back(first);
  }
  ordered.insert(ordered.end(), models.begin(), models.end());
  return ordered;
}

void WriteCount(std::string_view key, std::uint64_t count, JsonWriter* json) {
  json->Key(key);
  json->Integer(count);
}

void WriteLoad(const shm::Snapshot& snapshot, JsonWriter* json) {
  const auto streams = SeriesOf(snapshot, audio::kStreamsMetric, MetricType::kGauge);
  const auto streaming =
      std::ranges::count_if(streams, [](const auto& series) { return CountOf(series) > 0; });
  const auto alive = std::ranges::count_if(snapshot.workers, &shm::WorkerSnapshot::alive);
  json->Key("load");
  json->StartObject();
  WriteCount("active_streams", SumOf(streams), json);
  WriteCount("active_jobs", SumOf(SeriesOf(snapshot, audio::kJobsMetric, MetricType::kGauge)), json);
  WriteCount("users_streaming", static_cast<std::uint64_t>(streaming), json);
  WriteCount("workers_alive", static_cast<std::uint64_t>(alive), json);
  json->Key("quota_violations");
  json->StartObject();
  for (const std::string_view type :
       {audio::kDailyMinutesType, audio::kConcurrentStreamsType, audio::kConcurrentJobsType}) {
    WriteCount(type, ViolationsOf(snapshot, type), json);
  }
  json->EndObject();
  json->EndObject();
}

void WriteMinutes(std::string_view key, std::optional<double> minutes, JsonWriter* json) {
  json->Key(key);
  if (minutes) {
    json->Double(*minutes);
  } else {
    json->Null();
  }
}

double ToMinutes(std::uint64_t amount) { return static_cast<double>(amount) / audio::kAmountPerMinute; }

/// What the ledger says of a user, by day.
std::vector<shm::LedgerRecord> DaysOf(const std::string& label, std::span<const shm::LedgerRecord> ledger) {
  std::vector<shm::LedgerRecord> days;
  std::ranges::copy_if(ledger, std::back_inserter(days), [&](const shm::LedgerRecord& record) {
    return record.key == label && record.domain.empty();
  });
  std::ranges::sort(days, {}, &shm::LedgerRecord::day);
  return days;
}

void WriteDays(const std::vector<shm::LedgerRecord>& days, JsonWriter* json) {
  json->Key("days");
  json->StartArray();
  for (const shm::LedgerRecord& record : days) {
    if (record.amount == 0 || record.day < 0 || record.day > audio::kLastDay) continue;
    json->StartObject();
    json->Key("day");
    json->String(audio::FormatDay(record.day));
    WriteMinutes("used_minutes", ToMinutes(record.amount), json);
    json->EndObject();
  }
  json->EndArray();
}

void WriteLimits(const audio::Limits& limits, JsonWriter* json) {
  const auto write = [json](std::string_view key, std::optional<std::uint32_t> limit) {
    json->Key(key);
    if (limit) {
      json->Integer(*limit);
    } else {
      json->Null();
    }
  };
  json->Key("limits");
  json->StartObject();
  WriteMinutes("daily_minutes", limits.daily_minutes, json);
  write("concurrent_streams", limits.concurrent_streams);
  write("concurrent_jobs", limits.concurrent_jobs);
  write("max_file_size_mb", limits.max_file_size_mb);
  json->EndObject();
}

}  // namespace

void WriteStreamStatusJson(const shm::Snapshot& snapshot, const audio::AudioConfig& config,
                           std::string* out) {
  const std::vector<std::string> models = AvailableModels(snapshot, config);
  JsonWriter json(out);
  json.StartObject();
  json.Key("status");
  json.String(models.empty() ? "unavailable" : "available");
  json.Key("available_models");
  json.StartArray();
  for (const std::string& model : models) json.String(model);
  json.EndArray();
  json.Key("websocket_endpoint");
  json.String(kEndpoint);
  json.Key("supported_features");
  json.StartObject();
  for (const std::string_view feature : kFeatures) {
    json.Key(feature);
    json.Bool(true);
  }
  json.EndObject();
  WriteLoad(snapshot, &json);
  json.EndObject();
}

void WriteStreamLimitsJson(const shm::Snapshot& snapshot, std::span<const shm::LedgerRecord> ledger,
                           const audio::AudioConfig& config, std::string_view user_id, std::int64_t today,
                           std::string* out) {
  const std::string label = config.UserLabelOf(user_id);
  const std::vector<shm::LedgerRecord> days = DaysOf(label, ledger);
  const audio::Tier tier = audio::ToTier(days.empty() ? 0 : days[0].key_class).value_or(audio::Tier::free);
  const audio::Limits& limits = config.LimitsOf(tier);
  const auto of_today = std::ranges::find(days, today, &shm::LedgerRecord::day);
  const double used = of_today == days.end() ? 0.0 : ToMinutes(of_today->amount);
  const double reserved = ToMinutes(ReservedBy(snapshot, label));
  std::optional<double> remaining = limits.daily_minutes;
  if (remaining) *remaining = std::max(0.0, *remaining - used - reserved);
  const std::uint64_t active = ActiveOf(snapshot, audio::kStreamsMetric, label);
  const bool can_start = !limits.concurrent_streams || active < *limits.concurrent_streams;

  JsonWriter json(out);
  json.StartObject();
  json.Key("user_id");
  json.String(user_id);
  json.Key("tier");
  json.String(audio::TierName(tier));
  WriteLimits(limits, &json);
  WriteMinutes("used_today_minutes", used, &json);
  WriteMinutes("reserved_minutes", reserved, &json);
  WriteMinutes("remaining_minutes", remaining, &json);
  WriteDays(days, &json);
  WriteCount("active_streams", active, &json);
  WriteCount("active_jobs", ActiveOf(snapshot, audio::kJobsMetric, label), &json);
  for (const std::string_view key : {"can_start_stream", "_can_start_stream"}) {
    json.Key(key);
    json.Bool(can_start);
  }
  json.EndObject();
}

void WriteErrorJson(std::string_view detail, std::string* out) {
  JsonWriter json(out);
  json.StartObject();
  json.Key("detail");
  json.String(detail);
  json.EndObject();
}

}  // namespace shmetrics::agent
