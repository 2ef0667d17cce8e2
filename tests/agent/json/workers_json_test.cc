#include "agent/json/workers_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

using nlohmann::json;

TEST(WorkersJsonTest, EveryClaimedSlotIsListedAndTheLivingAreCounted) {
  shm::Snapshot snapshot{};
  snapshot.segment.slot_count = 16;
  snapshot.workers.push_back({0, true, "web \"1\"", 41, 1'738'367'999'000'000'000, 2, 7});
  snapshot.workers.push_back({3, false, "", 42, 0, 1});
  snapshot.workers.push_back({4, false, "", 43, 0, 1});
  snapshot.workers.back().ending = {shm::WorkerEnd::kUnknown, true};
  std::string text;
  WriteWorkersJson(snapshot, &text);
  EXPECT_EQ(json::parse(text), json::parse(R"({
    "workers": [
      {"slot": 0, "name": "web \"1\"", "pid": 41, "started": "2025-01-31T23:59:59.000Z", "alive": true, "end": null, "epoch": 2, "leases": 7},
      {"slot": 3, "name": "", "pid": 42, "started": "1970-01-01T00:00:00.000Z", "alive": false, "end": null, "epoch": 1, "leases": 0},
      {"slot": 4, "name": "", "pid": 43, "started": "1970-01-01T00:00:00.000Z", "alive": false, "end": "unknown", "epoch": 1, "leases": 0}],
    "alive": 1, "slots": {"used": 3, "limit": 16}})"));
}

TEST(WorkersJsonTest, NoSegmentIsAnEmptyList) {
  std::string text;
  WriteWorkersJson(shm::Snapshot{}, &text);
  EXPECT_EQ(json::parse(text),
            json::parse(R"({"workers": [], "alive": 0, "slots": {"used": 0, "limit": 0}})"));
}

}  // namespace
}  // namespace shmetrics::agent
