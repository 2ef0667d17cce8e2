#include "shmetrics/family.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"

namespace shmetrics {
namespace {

using shm::layout::Refusal;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RefusalsOf;
using testing::SegmentReading;

class FamilyTest : public testing::RegistryFixture {
 protected:
  Registry& registry_ = Open();

  /// Checks that the second registration was refused: its error names both, and process and segment count it.
  void ExpectConflict(const Family& second, const std::string& first_words, const std::string& second_words) {
    EXPECT_FALSE(second.ok());
    EXPECT_THAT(second.error(), AllOf(HasSubstr(first_words), HasSubstr(second_words)));
    EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kConflict), 1U);
    EXPECT_EQ(Read().Refusals(Refusal::kConflict), 1U);
    EXPECT_FALSE(registry_.status().full) << "this is not a limit";
  }

  void ExpectInvalid(const Family& family, const std::string& why) {
    EXPECT_FALSE(family.ok());
    EXPECT_THAT(family.error(), HasSubstr(why));
    EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kInvalidName), 1U);
    EXPECT_EQ(Read().Refusals(Refusal::kInvalidDefinition), 1U);
  }

  void ExpectCollision(const Family& second, const std::string& first_name) {
    EXPECT_FALSE(second.ok());
    EXPECT_THAT(second.error(), HasSubstr(first_name));
    EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kNameCollision), 1U);
    EXPECT_EQ(Read().Refusals(Refusal::kNameCollision), 1U);
  }
};

// What client-lib/README.md shows, without leases, counts what it says.
TEST_F(FamilyTest, WhatTheDesignSaysAWorkerWritesWorks) {
  auto& registry = registry_;
  auto requests = registry.counter(
      {.name = "http_requests_total", .help = "HTTP requests.", .labels = {"method", "code"}});
  auto ok = requests.with({"GET", "200"});
  ok.inc();
  ok.inc(5);

  auto latency = registry.histogram(
      {.name = "http_request_duration_seconds", .help = "Request latency.", .labels = {"method"}},
      shmetrics::buckets::exponential(0.001, 2.0, 14));
  latency.with({"GET"}).observe(0.012);

  auto depth = registry.gauge({.name = "queue_depth", .help = "Jobs waiting."}, shmetrics::GaugeMode::sum);
  depth.set(3);
  depth.add(1);
  depth.sub(2);

  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Counter("http_requests_total{method=\"GET\",code=\"200\"}"), 6U);
  EXPECT_EQ(reading.Histogram("http_request_duration_seconds{method=\"GET\"}").count, 1U);
  EXPECT_EQ(reading.Histogram("http_request_duration_seconds{method=\"GET\"}").sum, 0.012);
  EXPECT_EQ(reading.Gauge("queue_depth"), 2.0);
}

TEST_F(FamilyTest, HelpAndUnitOfTheFirstRegistrationAreShown) {
  EXPECT_TRUE(registry_.counter({.name = "sent_total", .help = "Sent.", .unit = "bytes"}).ok());
  EXPECT_TRUE(registry_.counter({.name = "sent_total", .help = "Other.", .unit = "seconds"}).ok());
  const SegmentReading reading = Read();
  ASSERT_NE(reading.Family("sent_total"), nullptr);
  EXPECT_EQ(reading.Family("sent_total")->help, "Sent.");
  EXPECT_EQ(reading.Family("sent_total")->unit, "bytes");
}

TEST_F(FamilyTest, TheSameDefinitionFromAnotherRegistryMeansTheSameSeries) {
  registry_.counter({.name = "sent_total", .labels = {"to"}}).with({"a"}).inc();
  Open().counter({.name = "sent_total", .labels = {"to"}}).with({"a"}).inc();
  EXPECT_EQ(Read().Counter("sent_total{to=\"a\"}"), 2U);
}

// Fault 35.
TEST_F(FamilyTest, AnotherTypeUnderTheSameNameIsRefusedAndItsHandleCountsInPrivateMemory) {
  registry_.counter({.name = "sent_total"}).inc();
  const GaugeFamily second = registry_.gauge({.name = "sent_total"});
  second.set(7);
  ExpectConflict(second, "counter {}", "gauge of mode sum {}");
  EXPECT_EQ(Read().Counter("sent_total"), 1U);
}

// Fault 35.
TEST_F(FamilyTest, FractionsUnderTheNameOfAnIntegerCounterAreRefused) {
  registry_.counter({.name = "sent_total"}).inc();
  const FractionalCounterFamily second = registry_.fractional_counter({.name = "sent_total"});
  second.inc(0.5);
  ExpectConflict(second, "counter {}", "counter of fractions {}");
  EXPECT_EQ(Read().Counter("sent_total"), 1U);
}

// Fault 35.
TEST_F(FamilyTest, OtherLabelsUnderTheSameNameAreRefused) {
  registry_.counter({.name = "sent_total", .labels = {"to"}}).with({"a"}).inc();
  const CounterFamily second = registry_.counter({.name = "sent_total", .labels = {"to", "from"}});
  second.with({"a", "b"}).inc();
  ExpectConflict(second, "{to}", "{to,from}");
  EXPECT_EQ(Read().Counter("sent_total{to=\"a\"}"), 1U);
}

// Fault 35.
TEST_F(FamilyTest, OtherBoundsUnderTheSameNameAreRefused) {
  registry_.histogram({.name = "latency"}, {1, 2}).observe(1);
  const HistogramFamily second = registry_.histogram({.name = "latency"}, {1, 2, 3});
  second.observe(1);
  ExpectConflict(second, "2 bounds", "3 bounds");
  EXPECT_EQ(Read().Histogram("latency").count, 1U);
}

// Fault 35.
TEST_F(FamilyTest, AnotherModeUnderTheSameNameIsRefused) {
  registry_.gauge({.name = "depth"}, GaugeMode::sum).set(1);
  const GaugeFamily second = registry_.gauge({.name = "depth"}, GaugeMode::max);
  second.set(9);
  ExpectConflict(second, "mode sum", "mode max");
  EXPECT_EQ(Read().Gauge("depth"), 1.0);
}

// Fault 35.
TEST_F(FamilyTest, AConflictIsCountedAtTheFamilyThatWasThereFirst) {
  registry_.counter({.name = "sent_total"});
  registry_.gauge({.name = "sent_total"});
  const SegmentReading reading = Read();
  ASSERT_NE(reading.Family("sent_total"), nullptr);
  EXPECT_EQ(reading.Family("sent_total")->refused_families, 1U);
}

TEST_F(FamilyTest, ReservedAndMalformedMetricNamesAreRefused) {
  for (const std::string_view name :
       {"__secret", "shmetrics_up", "", "_total", "9lives", "with space", "with-dash", "naïve"}) {
    SCOPED_TRACE(name);
    const CounterFamily family = registry_.counter({.name = name});
    EXPECT_FALSE(family.ok());
    EXPECT_THAT(family.error(), HasSubstr("refused"));
    family.inc();
  }
  EXPECT_EQ(RefusalsOf(registry_, ErrorCode::kInvalidName), 7U)
      << "the empty name and _total are one counter";
  EXPECT_EQ(Read().Refusals(Refusal::kInvalidDefinition), 7U);
  EXPECT_THAT(Read().snapshot().families, IsEmpty());
}

TEST_F(FamilyTest, ALabelNameWithUnderscoresInFrontIsReserved) {
  ExpectInvalid(registry_.counter({.name = "sent_total", .labels = {"__x"}}), "\"__x\" is reserved");
}

TEST_F(FamilyTest, LeIsReservedOnHistogramsOnly) {
  ExpectInvalid(registry_.histogram({.name = "latency", .labels = {"le"}}, {1, 2}), "\"le\" is reserved");
  EXPECT_TRUE(registry_.counter({.name = "sent_total", .labels = {"le"}}).ok());
}

TEST_F(FamilyTest, WorkerIsReservedOnGaugesOfModePerWorkerOnly) {
  ExpectInvalid(registry_.gauge({.name = "depth", .labels = {"worker"}}, GaugeMode::per_worker),
                "\"worker\" is reserved");
  EXPECT_TRUE(registry_.gauge({.name = "depth", .labels = {"worker"}}, GaugeMode::sum).ok());
}

TEST_F(FamilyTest, TheLabelOfTheOverflowSeriesIsReserved) {
  ExpectInvalid(registry_.counter({.name = "sent_total", .labels = {"otel_metric_overflow"}}),
                "\"otel_metric_overflow\" is reserved");
}

TEST_F(FamilyTest, ALabelNameMustNotStandTwice) {
  ExpectInvalid(registry_.counter({.name = "sent_total", .labels = {"to", "to"}}),
                "\"to\" stands in it twice");
}

TEST_F(FamilyTest, ThirtyTwoLabelsAreEnough) {
  std::vector<std::string> names;
  for (int i = 0; i < 33; i++) names.push_back("label_" + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  EXPECT_TRUE(registry_.counter({.name = "narrow_total", .labels = {views.begin(), views.end() - 1}}).ok());
  ExpectInvalid(registry_.counter({.name = "wide_total", .labels = views}), "more than 32 labels");
}

TEST_F(FamilyTest, HelpMustBeUtf8) {
  ExpectInvalid(registry_.counter({.name = "sent_total", .help = "\xff\xfe"}), "not UTF-8");
}

TEST_F(FamilyTest, AHistogramTakesTheNamesOfItsSamples) {
  ASSERT_TRUE(registry_.histogram({.name = "latency"}, {1, 2}).ok());
  ExpectCollision(registry_.gauge({.name = "latency_count"}), "\"latency\"");
}

TEST_F(FamilyTest, AHistogramIsRefusedWhereASampleNameIsTaken) {
  for (const std::string_view taken : {"latency_bucket", "latency_sum", "latency_count"}) {
    SCOPED_TRACE(taken);
    const std::string folder = folder_ + "/" + std::string(taken);
    Registry& registry = Registry::open(
        {.segment = folder, .segment_bytes = 8U << 20U, .series_limit = 100, .family_series_limit = 100});
    ASSERT_TRUE(registry.gauge({.name = taken}).ok());
    const HistogramFamily second = registry.histogram({.name = "latency"}, {1, 2});
    EXPECT_THAT(second.error(), HasSubstr("\"" + std::string(taken) + "\""));
    second.observe(1);
  }
}

TEST_F(FamilyTest, ACounterTakesItsNameWithoutTotalToo) {
  ASSERT_TRUE(registry_.counter({.name = "sent_total"}).ok());
  ExpectCollision(registry_.gauge({.name = "sent"}), "\"sent_total\"");
}

TEST_F(FamilyTest, ACounterIsRefusedWhereItsNameWithoutTotalIsTaken) {
  ASSERT_TRUE(registry_.gauge({.name = "sent"}).ok());
  ExpectCollision(registry_.counter({.name = "sent_total"}), "\"sent\"");
}

TEST_F(FamilyTest, ARemovedSeriesIsHiddenAndComesBackWithItsOldValue) {
  const CounterFamily sent = registry_.counter({.name = "sent_total", .labels = {"to"}});
  const Counter handle = sent.with({"a"});
  handle.inc(5);
  EXPECT_TRUE(sent.remove({"a"}));
  EXPECT_FALSE(sent.remove({"a"})) << "it is hidden already";
  EXPECT_FALSE(sent.remove({"nobody"}));
  EXPECT_FALSE(Read().Shows("sent_total{to=\"a\"}"));
  handle.inc(2);
  EXPECT_FALSE(Read().Shows("sent_total{to=\"a\"}")) << "a handle counts on, unseen";
  sent.with({"a"});
  EXPECT_EQ(Read().Counter("sent_total{to=\"a\"}"), 7U);
}

TEST_F(FamilyTest, HidingASeriesDoesNotHideAnother) {
  const GaugeFamily depth = registry_.gauge({.name = "depth", .labels = {"queue"}});
  depth.with({"a"}).set(1);
  depth.with({"b"}).set(2);
  EXPECT_TRUE(depth.remove({"a"}));
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), std::nullopt);
  EXPECT_EQ(Read().Gauge("depth{queue=\"b\"}"), 2.0);
  depth.with({"a"});
  EXPECT_EQ(Read().Gauge("depth{queue=\"a\"}"), 1.0);
}

}  // namespace
}  // namespace shmetrics
