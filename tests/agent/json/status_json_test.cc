#include "agent/json/status_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "agent/base/version.h"

namespace shmetrics::agent {
namespace {

using nlohmann::json;

json Status(const SegmentView& view) {
  std::string text;
  WriteStatusJson(view, "/dev/shm/x", &text);
  return json::parse(text);
}

TEST(StatusJsonTest, ItSaysHowMuchOfEachLimitIsUsed) {
  SegmentView view;
  view.state = SegmentView::State::kAttached;
  view.message = "reading";
  view.snapshot.workers = {{0, true, "", 1, 0, 1}, {1, false, "", 2, 0, 1}, {2, false, "", 3, 0, 1}};
  shm::SegmentSnapshot& segment = view.snapshot.segment;
  segment.created_unix_ns = 1'738'367'999'000'000'000;
  segment.family_count = 4;
  segment.mutex_recoveries = 5;
  segment.committed_bytes = 10;
  segment.bytes = 11;
  segment.series_count = 12;
  segment.series_limit = 13;
  segment.slot_count = 14;
  segment.leases = 15;
  segment.lease_limit = 16;
  segment.ledger_entries = 17;
  segment.ledger_limit = 18;
  segment.refusals[4] = 19;
  view.snapshot.skipped.series = 2;
  view.snapshot.skipped.leases = 1;
  EXPECT_EQ(Status(view), json::parse(R"({"version": ")" + std::string(kVersion) + R"(",
    "state": "attached", "message": "reading", "path": "/dev/shm/x",
    "segment": {"created": "2025-01-31T23:59:59.000Z", "families": 4, "mutex_recoveries": 5,
      "bytes": {"used": 10, "limit": 11}, "series": {"used": 12, "limit": 13},
      "worker_slots": {"used": 1, "limit": 14}, "leases": {"used": 15, "limit": 16},
      "ledger": {"used": 17, "limit": 18}},
    "workers": {"alive": 1, "dead": 2}, "refusals": {"series_limit": 19}, "skipped": 3})"));
}

TEST(StatusJsonTest, WithoutASegmentItSaysWhy) {
  SegmentView view;
  view.message = "waiting for <somebody>";
  EXPECT_EQ(Status(view)["state"], "waiting");
  EXPECT_EQ(Status(view)["message"], "waiting for <somebody>");
  EXPECT_TRUE(Status(view)["segment"].is_null());
  view.state = SegmentView::State::kCorrupt;
  EXPECT_EQ(Status(view)["state"], "corrupt");
  EXPECT_TRUE(Status(view)["segment"].is_null());
}

}  // namespace
}  // namespace shmetrics::agent
