#include "shm/series/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "shm/cells.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using layout::Refusal;
using testing::BareWorker;
using testing::CounterNamed;
using testing::FractionalCounterNamed;
using testing::GaugeNamed;
using ::testing::HasSubstr;
using testing::HistogramNamed;
using testing::LabelValues;
using testing::PrivateFolder;

class DirectoryTest : public ::testing::Test {
 protected:
  /// Expects the definition to be refused with this code, in a message that holds each of `words`.
  void ExpectRefused(const FamilyDefinition& definition, ErrorCode code,
                     const std::vector<std::string>& words = {}) {
    const auto family = worker_.Register(definition);
    ASSERT_FALSE(family.ok()) << definition.name;
    EXPECT_EQ(family.error().code, code) << family.error().message;
    for (const std::string& word : words) EXPECT_THAT(family.error().message, HasSubstr(word));
  }
  std::uint64_t Refusals(Refusal reason) { return testing::Read(path_).Refusals(reason); }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  BareWorker worker_{path_};
  const FamilyDefinition requests_ = CounterNamed("requests_total", {"method", "code"});
};

TEST_F(DirectoryTest, ASeriesBelongsToOneLabelSetOfOneFamilyInOneSegment) {
  const auto family = worker_.Register(requests_);
  const auto other_family = worker_.Register(CounterNamed("jobs_total", {"method", "code"}));
  const LabelValues values = {"GET", "200"};
  auto* series = worker_.directory().RegisterSeries(family.value(), values).value();
  BareWorker elsewhere(folder_ / "elsewhere");  // its records have the same offsets
  const auto family_elsewhere = elsewhere.Register(requests_);
  auto* series_elsewhere = elsewhere.directory().RegisterSeries(family_elsewhere.value(), values).value();
  const Directory& directory = worker_.directory();
  EXPECT_TRUE(directory.IsSeries(family.value(), *series, values));
  EXPECT_FALSE(directory.IsSeries(family.value(), *series, LabelValues{"GET", "201"}));
  EXPECT_FALSE(directory.IsSeries(family.value(), *series, LabelValues{"GET"}));
  EXPECT_FALSE(directory.IsSeries(other_family.value(), *series, values));
  EXPECT_FALSE(directory.IsSeries(family.value(), *series_elsewhere, values));
}

// Fault 24. A series behind a break is asked for again and again. It is refused each time and takes no
// memory.
TEST_F(DirectoryTest, LabelSetsBehindABreakAreRefusedWithoutTakingMemoryEachTime) {
  const auto family = worker_.Register(requests_);
  const LabelValues values = {"GET", "200"};
  const auto series = worker_.directory().RegisterSeries(family.value(), values);
  const Segment& segment = worker_.segment();
  auto* heads = reinterpret_cast<std::atomic<layout::Ref>*>(segment.base() + segment.header().chains_offset);
  heads[series.value()->record.hash & (segment.header().chain_count - 1)] = ~layout::Ref{0};
  const std::uint64_t used = segment.mutable_header().used;
  const std::uint64_t series_count = segment.mutable_header().series_count;
  for (int i = 0; i < 3; i++) {
    const auto behind = worker_.directory().RegisterSeries(family.value(), values);
    ASSERT_FALSE(behind.ok());
    EXPECT_EQ(behind.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_EQ(segment.mutable_header().used, used);
  EXPECT_EQ(segment.mutable_header().series_count, series_count);
  EXPECT_EQ(Refusals(Refusal::kCorrupt), 3U);
}

// An escaped character of one value must not be taken for plain characters of another.
TEST_F(DirectoryTest, LabelSetsThatLookAlikeOnceEscapedAreToldApart) {
  const auto family = worker_.Register(CounterNamed("c_total", {"a"}));
  std::set<layout::SeriesRecord*> series;
  const std::vector<std::string_view> alike = {"\n", "\n", "n", "\\n", "\"", "\\\"", "\\\\", "\\"};
  for (const std::string_view value : alike)
    series.insert(worker_.directory().RegisterSeries(family.value(), {&value, 1}).value());
  EXPECT_EQ(series.size(), alike.size() - 1) << "one value is listed twice";
}

TEST_F(DirectoryTest, ASeriesIsFoundOnlyAfterItsRegistration) {
  const auto family = worker_.Register(requests_);
  ASSERT_TRUE(family.ok());
  const LabelValues values = {"GET", "200"};
  EXPECT_EQ(worker_.directory().FindSeries(family.value(), values), nullptr);
  const auto series = worker_.directory().RegisterSeries(family.value(), values);
  ASSERT_TRUE(series.ok());
  EXPECT_EQ(worker_.directory().FindSeries(family.value(), values), series.value());
  EXPECT_EQ(worker_.directory().RegisterSeries(family.value(), values).value(), series.value());
  EXPECT_EQ(worker_.directory().FindSeries(family.value(), LabelValues{"200", "GET"}), nullptr);
  EXPECT_EQ(worker_.directory().FindSeries(family.value(), LabelValues{"GET", "201"}), nullptr);
  EXPECT_EQ(worker_.directory().FindSeries(family.value(), LabelValues{"GET"}), nullptr);
}

TEST_F(DirectoryTest, ASeriesThatWasRegisteredSinceTheSearchIsFoundByTheRegistration) {
  const auto family = worker_.Register(requests_);
  const LabelValues values = {"GET", "200"};
  Directory& directory = worker_.directory();
  const SeriesSearch before = directory.Search(family.value(), values);
  layout::SeriesRecord* series = directory.RegisterSeries(family.value(), values).value();
  const std::uint64_t series_count = worker_.segment().mutable_header().series_count;
  EXPECT_EQ(directory.RegisterSeries(family.value(), values, before).value(), series);
  EXPECT_EQ(worker_.segment().mutable_header().series_count, series_count) << "it was counted twice";
}

TEST_F(DirectoryTest, AnotherProcessFindsTheSameSeries) {
  worker_.Count(requests_, {"GET", "200"}, std::uint64_t{2});
  EXPECT_EQ(testing::RunInChild([&] {
              BareWorker other(path_);
              other.Count(requests_, {"GET", "200"}, std::uint64_t{3});
            }),
            0);
  EXPECT_EQ(testing::Read(path_).Counter(R"(requests_total{method="GET",code="200"})"), 5U);
}

TEST_F(DirectoryTest, LabelSetsThatLookAlikeWhenJoinedAreTwoSeries) {
  const auto family = worker_.Register(requests_);
  ASSERT_TRUE(family.ok());
  std::set<layout::SeriesRecord*> series;
  const std::vector<LabelValues> sets = {{"a", "bc"}, {"ab", "c"}, {"", "abc"}, {"abc", ""}, {"a\"", "bc"}};
  for (const LabelValues& values : sets)
    series.insert(worker_.directory().RegisterSeries(family.value(), values).value());
  EXPECT_EQ(series.size(), sets.size());
}

TEST_F(DirectoryTest, AFamilyWithoutLabelsHasItsSeriesAtOnce) {
  ASSERT_TRUE(worker_.Register(CounterNamed("plain_total")).ok());
  const auto reading = testing::Read(path_);
  EXPECT_TRUE(reading.Shows("plain_total"));
  EXPECT_EQ(reading.Counter("plain_total"), 0U);
}

// Fault 35.
TEST_F(DirectoryTest, ASecondDefinitionOfANameIsRefusedAndCounted) {
  ASSERT_TRUE(worker_.Register(HistogramNamed("latency", {1, 2})).ok());
  ExpectRefused(HistogramNamed("latency", {1, 3}), ErrorCode::kConflict, {"latency", "2.0", "3.0"});
  ExpectRefused(HistogramNamed("latency", {1}), ErrorCode::kConflict);
  ExpectRefused(HistogramNamed("latency", {1, 2}, {"path"}), ErrorCode::kConflict, {"{path}"});
  ExpectRefused(GaugeNamed("latency", GaugeMode::kSum), ErrorCode::kConflict, {"histogram", "gauge"});
  ASSERT_TRUE(worker_.Register(GaugeNamed("depth", GaugeMode::kSum)).ok());
  ExpectRefused(GaugeNamed("depth", GaugeMode::kMax), ErrorCode::kConflict, {"mode sum", "mode max"});
  ASSERT_TRUE(worker_.Register(requests_).ok());
  ExpectRefused(FractionalCounterNamed("requests_total", {"method", "code"}), ErrorCode::kConflict);
  ExpectRefused(CounterNamed("requests_total", {"code", "method"}), ErrorCode::kConflict);
  const auto reading = testing::Read(path_);
  EXPECT_EQ(reading.Refusals(Refusal::kConflict), 7U);
  ASSERT_NE(reading.Family("latency"), nullptr);
  EXPECT_EQ(reading.Family("latency")->refused_families, 4U);
}

TEST_F(DirectoryTest, HelpAndUnitStayThoseOfTheFirstRegistration) {
  FamilyDefinition first = CounterNamed("helped_total");
  first.help = "First.";
  FamilyDefinition second = first;
  second.help = "Second.";
  second.unit = "bytes";
  ASSERT_TRUE(worker_.Register(first).ok());
  ASSERT_TRUE(worker_.Register(second).ok());
  const auto reading = testing::Read(path_);
  EXPECT_EQ(reading.Family("helped_total")->help, "First.");
  EXPECT_EQ(reading.Family("helped_total")->unit, "");
}

TEST_F(DirectoryTest, NamesThatAnotherFamilyExposesAreRefused) {
  ASSERT_TRUE(worker_.Register(HistogramNamed("size", {1})).ok());
  ExpectRefused(GaugeNamed("size_sum", GaugeMode::kSum), ErrorCode::kNameCollision, {"size_sum", "\"size\""});
  ExpectRefused(GaugeNamed("size_count", GaugeMode::kSum), ErrorCode::kNameCollision);
  ExpectRefused(GaugeNamed("size_bucket", GaugeMode::kSum), ErrorCode::kNameCollision);
  ASSERT_TRUE(worker_.Register(CounterNamed("jobs_total")).ok());
  ExpectRefused(GaugeNamed("jobs", GaugeMode::kSum), ErrorCode::kNameCollision);
  ASSERT_TRUE(worker_.Register(GaugeNamed("wait_sum", GaugeMode::kSum)).ok());
  ExpectRefused(HistogramNamed("wait", {1}), ErrorCode::kNameCollision);
  EXPECT_EQ(Refusals(Refusal::kNameCollision), 5U);
  EXPECT_TRUE(worker_.Register(GaugeNamed("size_total", GaugeMode::kSum)).ok()) << "nobody exposes that";
}

TEST_F(DirectoryTest, BadDefinitionsAreRefusedAndCounted) {
  ExpectRefused(CounterNamed("1bad_total"), ErrorCode::kInvalidName, {"1bad_total"});
  ExpectRefused(CounterNamed("__x"), ErrorCode::kInvalidName);
  ExpectRefused(HistogramNamed("h", {1}, {"le"}), ErrorCode::kInvalidName, {"le"});
  ExpectRefused(HistogramNamed("h", {}), ErrorCode::kInvalidBuckets);
  EXPECT_EQ(Refusals(Refusal::kInvalidDefinition), 4U);
}

// Fault 34.
TEST_F(DirectoryTest, BadLabelSetsAreRefusedAndCounted) {
  const auto family = worker_.Register(requests_);
  ASSERT_TRUE(family.ok());
  const std::string megabyte(1U << 20U, 'x');
  const std::vector<LabelValues> bad = {{}, {"GET"}, {"GET", "200", "x"}, {"GET", "\xff"}, {megabyte, "200"}};
  for (const LabelValues& values : bad) {
    const auto series = worker_.directory().RegisterSeries(family.value(), values);
    ASSERT_FALSE(series.ok());
    EXPECT_EQ(series.error().code, ErrorCode::kInvalidLabels) << series.error().message;
  }
  const auto reading = testing::Read(path_);
  EXPECT_EQ(reading.Refusals(Refusal::kInvalidLabels), bad.size());
  EXPECT_EQ(reading.Family("requests_total")->refused_series, bad.size());
  EXPECT_EQ(reading.snapshot().segment.series_count, 0U) << "a refused label set took a place";
}

// Fault 32.
TEST_F(DirectoryTest, LabelSetsBeyondTheFamilysLimitShareTheOverflowSeries) {
  const FamilyDefinition users = CounterNamed("users_total", {"user"});
  const auto family = worker_.Register(users);
  ASSERT_TRUE(family.ok());
  for (int i = 0; i < 105; i++) {
    const std::string user = std::to_string(i);
    const auto series = worker_.directory().RegisterSeries(family.value(), LabelValues{user});
    ASSERT_EQ(series.ok(), i < 100);
    if (!series.ok()) {
      EXPECT_EQ(series.error().code, ErrorCode::kSeriesLimit);
    }
  }
  EXPECT_FALSE(testing::Read(path_).Shows(R"(users_total{otel_metric_overflow="true"})"));
  auto* overflow = worker_.directory().OverflowSeries(family.value());
  ASSERT_NE(overflow, nullptr);
  AddToCounter(worker_.CellOf<std::uint64_t>(*overflow), 5);
  const auto reading = testing::Read(path_);
  EXPECT_EQ(reading.Counter(R"(users_total{otel_metric_overflow="true"})"), 5U);
  EXPECT_EQ(reading.Family("users_total")->refused_series, 5U);
  EXPECT_EQ(reading.Refusals(Refusal::kSeriesLimit), 5U);
  EXPECT_TRUE(worker_.directory().RegisterSeries(family.value(), LabelValues{"0"}).ok())
      << "a registered label set is still found";
  EXPECT_TRUE(worker_.Register(CounterNamed("others_total", {"user"}), {"0"}).ok())
      << "another family has room";
}

// Fault 32.
TEST_F(DirectoryTest, LabelSetsBeyondTheSegmentsLimitAreRefused) {
  BareWorker small(folder_ / "small", {.bytes = 4U << 20U, .series_limit = 16, .family_series_limit = 16});
  for (int i = 0; i < 20; i++) {
    const FamilyDefinition family = CounterNamed("family_" + std::to_string(i / 4) + "_total", {"n"});
    const std::string value = std::to_string(i);
    const auto series = small.Register(family, {value});
    ASSERT_EQ(series.ok(), i < 16);
    if (!series.ok()) {
      EXPECT_EQ(series.error().code, ErrorCode::kSeriesLimit);
    }
  }
  EXPECT_EQ(testing::Read(folder_ / "small").snapshot().segment.series_count, 16U);
}

TEST_F(DirectoryTest, GaugesHaveNoOverflowSeries) {
  const auto family = worker_.Register(GaugeNamed("depth", GaugeMode::kSum, {"queue"}));
  ASSERT_TRUE(family.ok());
  EXPECT_EQ(worker_.directory().OverflowSeries(family.value()), nullptr);
}

TEST_F(DirectoryTest, AFamilyThatTheSegmentHasNoRoomForIsRefusedAsFull) {
  BareWorker small(folder_ / "small", {.bytes = 1U << 20U, .series_limit = 16, .family_series_limit = 16});
  FamilyDefinition family = CounterNamed("");
  family.help = std::string(4'000, 'x');
  Result<RegisteredFamily> last = small.Register(CounterNamed("first_total"));
  for (int i = 0; i < 1'000 && last.ok(); i++) {
    family.name = "family_" + std::to_string(i);
    last = small.Register(family);
  }
  ASSERT_FALSE(last.ok());
  EXPECT_EQ(last.error().code, ErrorCode::kSegmentFull) << last.error().message;
  EXPECT_EQ(testing::Read(folder_ / "small").Refusals(Refusal::kSegmentFull), 1U);
  small.Count(CounterNamed("first_total"), {}, std::uint64_t{1});
  EXPECT_EQ(testing::Read(folder_ / "small").Counter("first_total"), 1U);
}

TEST_F(DirectoryTest, ARemovedSeriesIsHiddenAndComesBackWithItsValue) {
  const std::string shown = R"(requests_total{method="GET",code="200"})";
  const LabelValues values = {"GET", "200"};
  const auto family = worker_.Register(requests_);
  ASSERT_TRUE(family.ok());
  EXPECT_FALSE(worker_.directory().RemoveSeries(family.value(), values)) << "there is none yet";
  worker_.Count(requests_, values, std::uint64_t{7});
  EXPECT_TRUE(worker_.directory().RemoveSeries(family.value(), values));
  EXPECT_FALSE(worker_.directory().RemoveSeries(family.value(), values)) << "already hidden";
  EXPECT_FALSE(testing::Read(path_).Shows(shown));
  ASSERT_TRUE(worker_.directory().RegisterSeries(family.value(), values).ok());
  EXPECT_EQ(testing::Read(path_).Counter(shown), 7U);
}

}  // namespace
}  // namespace shmetrics::shm
