#include "agent/json/status_json.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "agent/base/timestamp.h"
#include "agent/base/version.h"
#include "agent/json/json_writer.h"
#include "agent/own_metrics/refusal_words.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

std::string_view StateName(SegmentView::State state) {
  switch (state) {
    case SegmentView::State::kWaiting:
      return "waiting";
    case SegmentView::State::kRefused:
      return "refused";
    case SegmentView::State::kAttached:
      return "attached";
    case SegmentView::State::kCorrupt:
      return "corrupt";
  }
  return "unknown";
}

void WriteUse(std::string_view what, std::uint64_t used, std::uint64_t limit, JsonWriter* json) {
  json->Key(what);
  json->StartObject();
  json->Key("used");
  json->Integer(used);
  json->Key("limit");
  json->Integer(limit);
  json->EndObject();
}

void WriteSegment(const shm::SegmentSnapshot& segment, std::uint64_t workers_alive, JsonWriter* json) {
  json->StartObject();
  json->Key("created");
  json->String(FormatUtc(segment.created_unix_ns));
  json->Key("families");
  json->Integer(segment.family_count);
  json->Key("mutex_recoveries");
  json->Integer(segment.mutex_recoveries);
  WriteUse("bytes", segment.committed_bytes, segment.bytes, json);
  WriteUse("series", segment.series_count, segment.series_limit, json);
  WriteUse("worker_slots", workers_alive, segment.slot_count, json);
  WriteUse("leases", segment.leases, segment.lease_limit, json);
  WriteUse("ledger", segment.ledger_entries, segment.ledger_limit, json);
  json->EndObject();
}

void WriteRefusals(const shm::SegmentSnapshot& segment, JsonWriter* json) {
  json->Key("refusals");
  json->StartObject();
  for (std::size_t i = 0; i < kRefusalWords.size(); ++i) {
    if (segment.refusals[i] == 0) continue;
    json->Key(kRefusalWords[i]);
    json->Integer(segment.refusals[i]);
  }
  json->EndObject();
}

void WriteWorkers(std::uint64_t alive, std::uint64_t dead, JsonWriter* json) {
  json->Key("workers");
  json->StartObject();
  json->Key("alive");
  json->Integer(alive);
  json->Key("dead");
  json->Integer(dead);
  json->EndObject();
}

}  // namespace

void WriteStatusJson(const SegmentView& view, std::string_view segment_path, std::string* out) {
  const shm::Snapshot& snapshot = view.snapshot;
  const auto alive =
      static_cast<std::uint64_t>(std::ranges::count_if(snapshot.workers, &shm::WorkerSnapshot::alive));
  const shm::Skipped& skipped = snapshot.skipped;
  JsonWriter json(out);
  json.StartObject();
  json.Key("version");
  json.String(kVersion);
  json.Key("state");
  json.String(StateName(view.state));
  json.Key("message");
  json.String(view.message);
  json.Key("path");
  json.String(segment_path);
  json.Key("segment");
  if (view.state == SegmentView::State::kAttached) {
    WriteSegment(snapshot.segment, alive, &json);
  } else {
    json.Null();
  }
  WriteWorkers(alive, snapshot.workers.size() - alive, &json);
  WriteRefusals(snapshot.segment, &json);
  json.Key("skipped");
  json.Integer(skipped.families + skipped.series + skipped.chains + skipped.collisions + skipped.gauges +
               skipped.leases + skipped.exemplars);
  json.EndObject();
}

}  // namespace shmetrics::agent
