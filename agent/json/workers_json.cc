#include "agent/json/workers_json.h"

#include <cstdint>

#include "agent/base/timestamp.h"
#include "agent/json/json_writer.h"
#include "agent/own_metrics/worker_end_words.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

void WriteWorker(const shm::WorkerSnapshot& worker, JsonWriter* json) {
  json->StartObject();
  json->Key("slot");
  json->Integer(worker.slot);
  json->Key("name");
  json->String(worker.name);
  json->Key("pid");
  json->Integer(worker.pid);
  json->Key("started");
  json->String(FormatUtc(worker.started_unix_ns));
  json->Key("alive");
  json->Bool(worker.alive);
  json->Key("end");
  if (worker.ending.how == shm::WorkerEnd::kNone) {
    json->Null();
  } else {
    json->String(WordOf(worker.ending.how));
  }
  json->Key("epoch");
  json->Integer(worker.epoch);
  json->Key("leases");
  json->Integer(worker.leases);
  json->EndObject();
}

}  // namespace

void WriteWorkersJson(const shm::Snapshot& snapshot, std::string* out) {
  JsonWriter json(out);
  std::uint64_t alive = 0;
  json.StartObject();
  json.Key("workers");
  json.StartArray();
  for (const shm::WorkerSnapshot& worker : snapshot.workers) {
    WriteWorker(worker, &json);
    alive += worker.alive ? 1 : 0;
  }
  json.EndArray();
  json.Key("alive");
  json.Integer(alive);
  json.Key("slots");
  json.StartObject();
  json.Key("used");
  json.Integer(snapshot.workers.size());
  json.Key("limit");
  json.Integer(snapshot.segment.slot_count);
  json.EndObject();
  json.EndObject();
}

}  // namespace shmetrics::agent
