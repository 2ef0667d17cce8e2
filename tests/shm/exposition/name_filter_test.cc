#include "shm/exposition/name_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/snapshot_builder.h"
#include "tests/support/text_of.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::MetricType;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// The families that remain, out of one of each type.
std::vector<std::string> Remaining(const std::vector<std::string_view>& names) {
  testing::SnapshotBuilder builder;
  builder.Family("audio_quota_violations_total", MetricType::kCounter).Counter("", 1);
  builder.Family("build_info", MetricType::kGauge, GaugeMode::kInfo).Number("", 1);
  builder.Family("cost_total", MetricType::kFractionalCounter).Number("", 1);
  builder.Family("latency_seconds", MetricType::kHistogram, GaugeMode::kNone, {1})
      .Histogram("", {{0, 0}, {0, 0}});
  builder.Family("queue", MetricType::kGauge, GaugeMode::kSum).Number("", 1);
  NameFilter(names, testing::kTestAliases).Apply(&builder.snapshot);
  std::vector<std::string> remaining;
  for (const auto& family : builder.snapshot.families) remaining.emplace_back(family.name);
  return remaining;
}

TEST(NameFilterTest, WithoutNamesEverythingRemains) { EXPECT_EQ(Remaining({}).size(), 5U); }

TEST(NameFilterTest, FamiliesAreNamedByTheirNameOrThatOfASample) {
  EXPECT_THAT(Remaining({"queue"}), ElementsAre("queue"));
  EXPECT_THAT(Remaining({"queue", "cost_total", "queue"}), ElementsAre("cost_total", "queue"));
  for (const char* name : {"cost_total", "cost", "cost_created"}) {
    EXPECT_THAT(Remaining({name}), ElementsAre("cost_total")) << name;
  }
  for (const char* name : {"latency_seconds", "latency_seconds_bucket", "latency_seconds_sum",
                           "latency_seconds_count", "latency_seconds_created"}) {
    EXPECT_THAT(Remaining({name}), ElementsAre("latency_seconds")) << name;
  }
  EXPECT_THAT(Remaining({"build"}), ElementsAre("build_info"));
}

TEST(NameFilterTest, AnAliasNamesItsFamilyInEveryScheme) {
  for (const char* name :
       {"audio.quota_violations_total", "audio_dot_quota__violations__total",
        "U__audio_2e_quota__violations__total", "audio_quota_violations_total", "audio_quota_violations"}) {
    EXPECT_THAT(Remaining({name}), ElementsAre("audio_quota_violations_total")) << name;
  }
}

TEST(NameFilterTest, WhatNamesNothingLeavesNothing) {
  EXPECT_THAT(Remaining({"no_such"}), IsEmpty());
  EXPECT_THAT(Remaining({""}), IsEmpty());
  EXPECT_THAT(Remaining({"queue_bucket", "queue_total", "QUEUE", "queue "}), IsEmpty());
}

}  // namespace
}  // namespace shmetrics::shm
