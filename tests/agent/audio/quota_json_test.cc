#include "agent/audio/quota_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using audio::AudioConfig;
using nlohmann::json;
using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;

constexpr std::int64_t kToday = 20'779;

json Status(const shm::Snapshot& snapshot, const AudioConfig& config = {}) {
  std::string text;
  WriteStreamStatusJson(snapshot, config, &text);
  return json::parse(text);
}

json LimitsOf(const std::string& user, const std::vector<shm::LedgerRecord>& ledger,
              const AudioConfig& config = {}, const shm::Snapshot& snapshot = {}) {
  std::string text;
  WriteStreamLimitsJson(snapshot, ledger, config, user, kToday, &text);
  return json::parse(text);
}

/// A user with so many streams.
SnapshotBuilder& Streams(SnapshotBuilder* builder, const std::string& user, double streams) {
  builder->Family("audio_streaming_active", MetricType::kGauge, GaugeMode::kLeases);
  return builder->Number("user_id=\"" + user + '"', streams);
}

TEST(QuotaJsonTest, WithoutASegmentTheStatusHasEveryKeyOfTheReplacedSystemAndNoLoad) {
  EXPECT_EQ(Status({}), json::parse(R"({
    "status": "unavailable", "available_models": [], "websocket_endpoint": "/api/v1/audio/stream/transcribe",
    "supported_features": {"partial_results": true, "multiple_languages": true, "concurrent_streams": true,
      "segment_metadata": true, "live_insights": true, "meeting_notes": true, "speaker_diarization": true,
      "audio_persistence": true},
    "load": {"active_streams": 0, "active_jobs": 0, "users_streaming": 0, "workers_alive": 0,
      "quota_violations": {"daily_minutes": 0, "concurrent_streams": 0, "concurrent_jobs": 0}}})"));
}

TEST(QuotaJsonTest, ModelsAreThoseAnnouncedAndConfiguredEachOnceAndTheKnownOnesFirst) {
  SnapshotBuilder builder;
  builder.Family("audio_model_workers", MetricType::kGauge, GaugeMode::kLeases)
      .Number("model=\"whisper\"", 2)
      .Number("model=\"parakeet-onnx\"", 1)
      .Number("model=\"gone\"", 0)
      .Number("model=\"a \\\"b\\\"\"", 1)
      .Number("model=\"parakeet-mlx\"", 1);
  AudioConfig config;
  config.models = {"zipformer", "parakeet-standard", "whisper"};
  const json status = Status(builder.snapshot, config);
  EXPECT_EQ(status["status"], "available");
  EXPECT_EQ(status["available_models"], json::parse(R"(["parakeet-mlx", "parakeet-standard", "parakeet-onnx",
                                                        "a \"b\"", "whisper", "zipformer"])"));
}

TEST(QuotaJsonTest, AConfiguredModelIsEnoughToBeAvailable) {
  AudioConfig config;
  config.models = {"a"};
  EXPECT_EQ(Status({}, config)["status"], "available");
}

TEST(QuotaJsonTest, TheLoadIsThatOfAllWorkers) {
  SnapshotBuilder builder;
  builder.Family("audio_jobs_active", MetricType::kGauge, GaugeMode::kLeases)
      .Number("user_id=\"1\"", 4)
      .Number("user_id=\"2\"", 5);
  builder.Family("audio_quota_violations_total", MetricType::kCounter)
      .Counter("type=\"daily_minutes\"", 1)
      .Counter("type=\"concurrent_streams\"", 2)
      .Counter("type=\"concurrent_jobs\"", 3)
      .Counter("otel_metric_overflow=\"true\"", 9);
  Streams(&builder, "1", 2).Number("user_id=\"2\"", 1).Number("user_id=\"3\"", 0);
  builder.snapshot.workers.resize(3);
  builder.snapshot.workers[0].alive = builder.snapshot.workers[2].alive = true;
  EXPECT_EQ(Status(builder.snapshot)["load"], json::parse(R"({
    "active_streams": 3, "active_jobs": 9, "users_streaming": 2, "workers_alive": 2,
    "quota_violations": {"daily_minutes": 1, "concurrent_streams": 2, "concurrent_jobs": 3}})"));
}

TEST(QuotaJsonTest, AMetricOfAnotherTypeUnderTheNameIsNotRead) {
  SnapshotBuilder builder;
  builder.Family("audio_quota_violations_total", MetricType::kGauge, GaugeMode::kLast)
      .Number("type=\"daily_minutes\"", 0.5);
  builder.Family("audio_streaming_active", MetricType::kCounter).Counter("user_id=\"1\"", 7);
  const json load = Status(builder.snapshot)["load"];
  EXPECT_EQ(load["active_streams"], 0);
  EXPECT_EQ(load["quota_violations"]["daily_minutes"], 0);
}

TEST(QuotaJsonTest, AnUnknownUserIsFreeAndHasUsedNothing) {
  EXPECT_EQ(LimitsOf("42", {}), json::parse(R"({
    "user_id": "42", "tier": "free",
    "limits": {"daily_minutes": 30.0, "concurrent_streams": 1, "concurrent_jobs": 1, "max_file_size_mb": 25},
    "used_today_minutes": 0.0, "reserved_minutes": 0.0, "remaining_minutes": 30.0, "days": [], "active_streams": 0,
    "active_jobs": 0,
    "can_start_stream": true, "_can_start_stream": true})"));
}

TEST(QuotaJsonTest, TierAndMinutesComeFromTheLedger) {
  const std::vector<shm::LedgerRecord> ledger = {{"41", kToday, 9'000'000'000, 3},
                                                 {"42", kToday, 1'500'000'000, 2}};
  const json limits = LimitsOf("42", ledger);
  EXPECT_EQ(limits["tier"], "standard");
  EXPECT_EQ(limits["limits"]["concurrent_streams"], 3);
  EXPECT_EQ(limits["used_today_minutes"], 1.5);
  EXPECT_EQ(limits["remaining_minutes"], 298.5);
}

TEST(QuotaJsonTest, MinutesOfAnotherDayDoNotCountAndTheTierDoes) {
  for (const std::int64_t day : {kToday - 1, kToday + 1}) {
    const json limits = LimitsOf("42", {{"42", day, 1'500'000'000, 2}});
    EXPECT_EQ(limits["tier"], "standard");
    EXPECT_EQ(limits["used_today_minutes"], 0.0);
    EXPECT_EQ(limits["remaining_minutes"], 300.0);
  }
}

// Fault U1.
TEST(QuotaJsonTest, WhatWorkInProgressHasReservedIsShownAndNotLeft) {
  SnapshotBuilder builder;
  builder.Family("audio_reservations_active", MetricType::kGauge, GaugeMode::kLeases)
      .Number("user_id=\"42\"", 2);
  builder.snapshot.families[0].series[0].reserved = 10'500'000'000;
  const json limits = LimitsOf("42", {{"42", kToday, 1'500'000'000, 0}}, {}, builder.snapshot);
  EXPECT_EQ(limits["used_today_minutes"], 1.5);
  EXPECT_EQ(limits["reserved_minutes"], 10.5);
  EXPECT_EQ(limits["remaining_minutes"], 18.0);
}

// Fault U3.
TEST(QuotaJsonTest, AllDaysAreShownInTheirOrderAndOnlyTodayCounts) {
  const json limits = LimitsOf("42", {{"41", kToday, 5'000'000'000, 0},
                                      {"42", kToday + 365, 3'000'000'000, 0},
                                      {"42", kToday, 1'500'000'000, 0},
                                      {"42", kToday - 1, 2'000'000'000, 0}});
  EXPECT_EQ(limits["used_today_minutes"], 1.5);
  EXPECT_EQ(limits["days"], json::parse(R"([{"day": "2026-11-21", "used_minutes": 2.0},
                                            {"day": "2026-11-22", "used_minutes": 1.5},
                                            {"day": "2027-11-22", "used_minutes": 3.0}])"));
}

TEST(QuotaJsonTest, AnUnsetOrInvalidTierIsFree) {
  for (const std::uint32_t tier : {0U, 4U, ~0U}) {
    EXPECT_EQ(LimitsOf("42", {{"42", kToday, 0, tier}})["tier"], "free");
  }
}

TEST(QuotaJsonTest, UnlimitedIsNullAndRemainingIsNeverBelow0) {
  const json premium = LimitsOf("42", {{"42", kToday, 1'000'000'000, 3}});
  EXPECT_TRUE(premium["limits"]["daily_minutes"].is_null());
  EXPECT_TRUE(premium["remaining_minutes"].is_null());
  EXPECT_EQ(premium["used_today_minutes"], 1.0);
  EXPECT_EQ(LimitsOf("42", {{"42", kToday, 31'000'000'000, 0}})["remaining_minutes"], 0.0);
}

TEST(QuotaJsonTest, AStreamCanStartBelowTheLimitAndNeverIfItIs0) {
  AudioConfig config;
  for (const auto& [limit, can_start] : std::vector<std::pair<std::optional<std::uint32_t>, bool>>{
           {3, true}, {2, false}, {1, false}, {0, false}, {{}, true}}) {
    SnapshotBuilder builder;
    Streams(&builder, "41", 9).Number("user_id=\"42\"", 2);
    config.limits[0].concurrent_streams = limit;
    const json limits = LimitsOf("42", {}, config, builder.snapshot);
    EXPECT_EQ(limits["active_streams"], 2);
    EXPECT_EQ(limits["can_start_stream"], can_start) << limits;
    EXPECT_EQ(limits["_can_start_stream"], can_start);
  }
  config.limits[0].concurrent_streams = 0;
  EXPECT_EQ(LimitsOf("43", {}, config)["can_start_stream"], false);
}

TEST(QuotaJsonTest, AUserIsFoundByTheirLabel) {
  AudioConfig config;
  config.hash_user_id = true;
  config.hash_user_id_key = "0123456789abcdef";
  const std::string label = config.UserLabelOf("alice");
  SnapshotBuilder hashed;
  Streams(&hashed, label, 1);
  const json limits =
      LimitsOf("alice", {{label, kToday, 0, 2}, {"alice", kToday, 0, 3}}, config, hashed.snapshot);
  EXPECT_EQ(limits["user_id"], "alice");
  EXPECT_EQ(limits["tier"], "standard");
  EXPECT_EQ(limits["active_streams"], 1);

  SnapshotBuilder escaped;
  Streams(&escaped, "a\\\"\\\\b", 1);
  EXPECT_EQ(LimitsOf("a\"\\b", {}, {}, escaped.snapshot)["active_streams"], 1);
}

TEST(QuotaJsonTest, AnErrorIsADetail) {
  std::string text;
  WriteErrorJson("no \"user\"", &text);
  EXPECT_EQ(json::parse(text), (json{{"detail", "no \"user\""}}));
}

}  // namespace
}  // namespace shmetrics::agent
