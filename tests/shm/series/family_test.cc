#include "shm/series/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "tests/support/bare_worker.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::MetricType;
using testing::CounterNamed;
using testing::FractionalCounterNamed;
using testing::GaugeNamed;
using testing::HistogramNamed;

void ExpectRefused(const FamilyDefinition& definition, ErrorCode code, const std::string& word) {
  const auto checked = CheckDefinition(definition);
  ASSERT_FALSE(checked.ok()) << definition.name;
  EXPECT_EQ(checked.error().code, code) << checked.error().message;
  EXPECT_THAT(checked.error().message, ::testing::HasSubstr(word));
}

TEST(FamilyTest, MetricNamesAreThoseOfPrometheus) {
  for (const char* good : {"a", "_a", ":a", "aZ_09:", "http_requests_total"}) EXPECT_TRUE(IsMetricName(good));
  for (const char* bad : {"", "0a", "a-b", "a.b", "a b", "\u00e9", "a\n"})
    EXPECT_FALSE(IsMetricName(bad)) << bad;
  EXPECT_TRUE(IsMetricName(std::string(255, 'a')));
  EXPECT_FALSE(IsMetricName(std::string(256, 'a')));
}

TEST(FamilyTest, LabelNamesHaveNoColon) {
  EXPECT_TRUE(IsLabelName("method"));
  EXPECT_FALSE(IsLabelName("a:b"));
  EXPECT_FALSE(IsLabelName(""));
}

TEST(FamilyTest, ReservedAndMalformedMetricNamesAreRefused) {
  for (const char* name : {"__x", "shmetrics_x", "0x", ""})
    ExpectRefused(GaugeNamed(name, GaugeMode::kSum), ErrorCode::kInvalidName,
                  std::string("\"") + name + "\"");
  ExpectRefused(CounterNamed("_total"), ErrorCode::kInvalidName, "_total");
}

// Fault A14. The message says whose the name is.
TEST(FamilyTest, NamesThatPrometheusOrTheAgentWritesAreRefused) {
  for (const char* name :
       {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling",
        "scrape_series_added", "scrape_timeout_seconds", "scrape_sample_limit", "scrape_body_size_bytes",
        "ALERTS", "ALERTS_FOR_STATE"}) {
    ExpectRefused(GaugeNamed(name, GaugeMode::kSum), ErrorCode::kInvalidName, "Prometheus writes ");
  }
  ExpectRefused(CounterNamed("scrape_pages_total"), ErrorCode::kInvalidName, "Prometheus writes ");
  ExpectRefused(HistogramNamed("scrape_seconds", {1}), ErrorCode::kInvalidName, "Prometheus writes ");
  ExpectRefused(GaugeNamed("process_start_time_seconds", GaugeMode::kLast), ErrorCode::kInvalidName,
                "the agent says this");
  ExpectRefused(FractionalCounterNamed("process_cpu_seconds_total"), ErrorCode::kInvalidName, "the agent");
  for (const char* name : {"upload", "uptime_seconds", "up_since", "scrapes", "ALERTS_sent", "alerts",
                           "process_queue", "target_info", "job:up:sum"}) {
    EXPECT_TRUE(CheckDefinition(GaugeNamed(name, GaugeMode::kSum)).ok()) << name;
  }
  EXPECT_TRUE(CheckDefinition(CounterNamed("up_total")).ok());
}

// Fault A14. A label that Prometheus adds to a target stays the worker's with honor_labels, so it is allowed.
TEST(FamilyTest, LabelsThatPrometheusGivesToTargetsAreAllowed) {
  EXPECT_TRUE(CheckDefinition(CounterNamed("a_total", {"job", "instance", "quantile"})).ok());
  ExpectRefused(CounterNamed("a_total", {"__name__"}), ErrorCode::kInvalidName, "\"__name__\"");
}

TEST(FamilyTest, ReservedAndMalformedLabelNamesAreRefused) {
  for (const char* label : {"__x", "otel_metric_overflow", "0x", "", "a:b"})
    ExpectRefused(CounterNamed("a_total", {label}), ErrorCode::kInvalidName,
                  std::string("\"") + label + "\"");
  ExpectRefused(HistogramNamed("h", {1}, {"le"}), ErrorCode::kInvalidName, "\"le\"");
  EXPECT_TRUE(CheckDefinition(CounterNamed("a_total", {"le"})).ok());
  ExpectRefused(GaugeNamed("g", GaugeMode::kPerWorker, {"worker"}), ErrorCode::kInvalidName, "\"worker\"");
  EXPECT_TRUE(CheckDefinition(GaugeNamed("g", GaugeMode::kSum, {"worker"})).ok());
  ExpectRefused(CounterNamed("a_total", {"x", "y", "x"}), ErrorCode::kInvalidName, "twice");
}

TEST(FamilyTest, ThirtyTwoLabelsAreAllowed) {
  std::vector<std::string> labels;
  for (int i = 0; i < 32; i++) labels.push_back("l" + std::to_string(i));
  EXPECT_TRUE(CheckDefinition(CounterNamed("a_total", labels)).ok());
  labels.push_back("one_more");
  ExpectRefused(CounterNamed("a_total", labels), ErrorCode::kInvalidName, "32");
}

TEST(FamilyTest, HelpAndUnitAreChecked) {
  FamilyDefinition family = CounterNamed("a_total");
  family.help = std::string(4'096, 'x');
  family.unit = "bytes";
  EXPECT_TRUE(CheckDefinition(family).ok());
  family.help += 'x';
  ExpectRefused(family, ErrorCode::kInvalidName, "help");
  family.help = "\xff";
  ExpectRefused(family, ErrorCode::kInvalidName, "help");
  family.help = "two\nlines";
  EXPECT_TRUE(CheckDefinition(family).ok());
  family.unit = "b/s";
  ExpectRefused(family, ErrorCode::kInvalidName, "b/s");
}

// Fault 38.
TEST(FamilyTest, BoundsMustBeFiniteAndRise) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(CheckDefinition(HistogramNamed("h", {-1, 0, 1e300})).ok());
  for (const std::vector<double>& bad : std::vector<std::vector<double>>{
           {}, {1, 1}, {2, 1}, {kNaN}, {1, kNaN}, {kInfinity}, {-kInfinity, 1}, {0.0, -0.0}})
    ExpectRefused(HistogramNamed("h", bad), ErrorCode::kInvalidBuckets, "bound");
}

TEST(FamilyTest, TwoHundredAndFiftyFiveBoundsAreAllowed) {
  std::vector<double> bounds;
  for (int i = 0; i < 255; i++) bounds.push_back(i);
  EXPECT_TRUE(CheckDefinition(HistogramNamed("h", bounds)).ok());
  bounds.push_back(255);
  ExpectRefused(HistogramNamed("h", bounds), ErrorCode::kInvalidBuckets, "256");
}

TEST(FamilyTest, CountersEndInTotal) {
  EXPECT_EQ(CounterName("requests"), "requests_total");
  EXPECT_EQ(CounterName("requests_total"), "requests_total");
}

TEST(FamilyTest, InfosEndInInfoAndHaveNoUnit) {
  EXPECT_EQ(InfoName("build"), "build_info");
  EXPECT_EQ(InfoName("build_info"), "build_info");
  FamilyDefinition info = GaugeNamed("build_info", GaugeMode::kInfo, {"version"});
  EXPECT_TRUE(CheckDefinition(info).ok());
  info.unit = "seconds";
  ExpectRefused(info, ErrorCode::kInvalidName, "unit");
  ExpectRefused(GaugeNamed("build", GaugeMode::kInfo), ErrorCode::kInvalidName, "_info");
  ExpectRefused(GaugeNamed("_info", GaugeMode::kInfo), ErrorCode::kInvalidName, "_info");
}

TEST(FamilyTest, CollisionsAreFoundFromBothSides) {
  const std::vector<FamilyDefinition> families = {CounterNamed("a_total"),
                                                  GaugeNamed("a", GaugeMode::kSum),
                                                  GaugeNamed("a_info", GaugeMode::kInfo),
                                                  HistogramNamed("a", {1}),
                                                  CounterNamed("h_total"),
                                                  GaugeNamed("h_sum", GaugeMode::kSum),
                                                  HistogramNamed("h", {1}),
                                                  CounterNamed("h_count"),
                                                  GaugeNamed("h_bucket", GaugeMode::kSum),
                                                  HistogramNamed("h_sum", {1}),
                                                  CounterNamed("h_sum_total"),
                                                  GaugeNamed("h_sum_count", GaugeMode::kSum),
                                                  GaugeNamed("h_max", GaugeMode::kSum)};
  int collisions = 0;
  for (const FamilyDefinition& one : families) {
    for (const FamilyDefinition& other : families) {
      if (one.name == other.name) continue;
      const bool collide = Collide(one, other);
      EXPECT_EQ(collide, Collide(other, one)) << one.name << " " << other.name;
      if (!collide) continue;
      collisions++;
      EXPECT_THAT(PossibleColliders(one), ::testing::Contains(other.name))
          << one.name << " would not look for it";
    }
  }
  EXPECT_GT(collisions, 10);
  EXPECT_FALSE(Collide(HistogramNamed("h", {1}), GaugeNamed("h_max", GaugeMode::kSum)));
  EXPECT_TRUE(Collide(HistogramNamed("h", {1}), GaugeNamed("h_sum", GaugeMode::kSum)));
  EXPECT_TRUE(Collide(CounterNamed("a_total"), GaugeNamed("a", GaugeMode::kSum)));
  EXPECT_TRUE(Collide(GaugeNamed("a_info", GaugeMode::kInfo), GaugeNamed("a", GaugeMode::kSum)));
  EXPECT_TRUE(Collide(GaugeNamed("a_info", GaugeMode::kInfo), CounterNamed("a_total")));
  EXPECT_FALSE(Collide(GaugeNamed("a_info", GaugeMode::kSum), GaugeNamed("a", GaugeMode::kSum)));
}

TEST(FamilyTest, HelpAndUnitMakeNoOtherDefinition) {
  const FamilyDefinition base = HistogramNamed("h", {1, 2}, {"a"});
  FamilyDefinition other = base;
  other.help = "Other.";
  other.unit = "bytes";
  EXPECT_TRUE(SameDefinition(base, other));
  EXPECT_FALSE(SameDefinition(base, HistogramNamed("h", {1, 3}, {"a"})));
  EXPECT_FALSE(SameDefinition(base, HistogramNamed("h", {1, 2}, {"b"})));
  EXPECT_FALSE(SameDefinition(CounterNamed("c_total"), FractionalCounterNamed("c_total")));
  EXPECT_FALSE(SameDefinition(GaugeNamed("g", GaugeMode::kSum), GaugeNamed("g", GaugeMode::kMax)));
}

TEST(FamilyTest, CellsAreOneWordOrOneCellForEachBucket) {
  EXPECT_EQ(CellBytesOf(CounterNamed("c_total")), 8U);
  EXPECT_EQ(CellBytesOf(FractionalCounterNamed("c_total")), 8U);
  EXPECT_EQ(CellBytesOf(GaugeNamed("g", GaugeMode::kLast)), 0U);
  EXPECT_EQ(CellBytesOf(HistogramNamed("h", {1, 2, 3})), 64U);
}

TEST(FamilyTest, DescriptionsSayWhatDiffers) {
  EXPECT_EQ(Describe(CounterNamed("c_total", {"a", "b"})), "counter {a,b}");
  EXPECT_EQ(Describe(FractionalCounterNamed("c_total")), "counter of fractions {}");
  EXPECT_EQ(Describe(GaugeNamed("g", GaugeMode::kMostRecent)), "gauge of mode most_recent {}");
  EXPECT_THAT(Describe(HistogramNamed("h", {1, 2})), ::testing::HasSubstr("histogram {} with 2 bounds"));
}

}  // namespace
}  // namespace shmetrics::shm
