#include "shm/series/exemplars.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "shm/base/clock.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::shm {
namespace {

using layout::Refusal;
using testing::BareWorker;
using testing::LabelValues;
using testing::SegmentReading;

class ExemplarsTest : public ::testing::Test {
 protected:
  void Observe(double value, const LabelValues& names, const LabelValues& values) {
    worker_.Observe(latency_, {"x"}, value, names, values);
  }
  /// The label blocks of the exemplars by bucket; "" for a bucket without one.
  std::vector<std::string> Blocks() {
    std::vector<std::string> blocks(4);
    for (const ExemplarSnapshot& exemplar : reading_.Again().Exemplars(kSeries))
      blocks[exemplar.bucket] = exemplar.labels;
    return blocks;
  }
  std::uint64_t Refused() { return reading_.Again().Refusals(Refusal::kInvalidExemplar); }
  layout::ExemplarRecord* Records() {
    auto* series = worker_.Register(latency_, {"x"}).value();
    return worker_.segment().AtRef<layout::ExemplarRecord>(series->exemplars.load());
  }

  static constexpr const char* kSeries = R"(latency{a="x"})";
  testing::PrivateFolder folder_;
  BareWorker worker_{folder_ / "segment"};
  SegmentReading reading_{folder_ / "segment"};
  const FamilyDefinition latency_ = testing::HistogramNamed("latency", {1, 2, 4}, {"a"});
};

TEST_F(ExemplarsTest, EachBucketKeepsItsLatest) {
  Observe(0.5, {"trace_id"}, {"a"});
  Observe(8, {"trace_id"}, {"b"});
  Observe(1.0, {"trace_id", "span_id"}, {"c", "1"});
  EXPECT_EQ(Blocks(), (std::vector<std::string>{R"(trace_id="c",span_id="1")", "", "", R"(trace_id="b")"}));
  const std::vector<ExemplarSnapshot> exemplars = reading_.Exemplars(kSeries);
  ASSERT_EQ(exemplars.size(), 2U);
  EXPECT_EQ(exemplars[0].value, 1.0);
  EXPECT_EQ(exemplars[1].value, 8.0);
  EXPECT_LE(exemplars[1].unix_ns, exemplars[0].unix_ns);
  EXPECT_EQ(reading_.Histogram(kSeries).count, 3U);
}

TEST_F(ExemplarsTest, ACounterKeepsItsLatest) {
  const FamilyDefinition counter = testing::CounterNamed("jobs_total", {"a"});
  worker_.Count(counter, {"x"}, std::uint64_t{3}, {"trace_id"}, {"a"});
  worker_.Count(counter, {"x"}, std::uint64_t{4}, {"trace_id"}, {"b"});
  worker_.Count(counter, {"y"}, std::uint64_t{5});
  reading_.Again();
  const std::vector<ExemplarSnapshot> exemplars = reading_.Exemplars(R"(jobs_total{a="x"})");
  ASSERT_EQ(exemplars.size(), 1U);
  EXPECT_EQ(exemplars[0].bucket, 0U);
  EXPECT_EQ(exemplars[0].labels, R"(trace_id="b")");
  EXPECT_EQ(exemplars[0].value, 4.0);
  EXPECT_TRUE(reading_.Exemplars(R"(jobs_total{a="y"})").empty());
}

// Fault 34.
TEST_F(ExemplarsTest, LabelsAreEscapedAndKeptAsTheyWere) {
  Observe(1, {"a", "b"}, {"\\\"\n", "\u20ac\x1b"});
  EXPECT_EQ(Blocks()[0], "a=\"\\\\\\\"\\n\",b=\"\u20ac\x1b\"");
  Observe(1, {}, {});
  EXPECT_EQ(Blocks()[0], "") << "an exemplar may have no labels";
  EXPECT_EQ(reading_.Exemplars(kSeries).size(), 1U);
  EXPECT_EQ(Refused(), 0U);
}

TEST_F(ExemplarsTest, AnExemplarThatIsNotAllowedIsCountedAndTheOldOneStays) {
  const std::string euros = [] {
    std::string text;
    for (int i = 0; i < 62; i++) text += "\u20ac";
    return text;
  }();
  const std::string most(127, 'v');
  Observe(1, {"n"}, {most});
  Observe(2, {"n"}, {euros});
  EXPECT_EQ(Refused(), 0U) << "128 characters are allowed if their bytes fit into the record";
  const std::vector<std::string> before = Blocks();
  EXPECT_EQ(before[0], "n=\"" + most + "\"");
  EXPECT_EQ(before[1], "n=\"" + euros + "\"");

  const std::string too_many(128, 'v');
  const std::string too_many_bytes = euros + "\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac\u20ac";
  const std::string escaped(110, '"');
  const std::string huge(1'000'000, 'v');
  const std::vector<std::pair<LabelValues, LabelValues>> bad = {
      {{"n"}, {too_many}}, {{"n"}, {too_many_bytes}}, {{"n"}, {escaped}},       {{"n"}, {huge}},
      {{""}, {"x"}},       {{"1n"}, {"x"}},           {{"a b"}, {"x"}},         {{"n:"}, {"x"}},
      {{"n"}, {"\xff"}},   {{"n"}, {"\xe2\x82"}},     {{"n", "n"}, {"x", "y"}}, {{huge}, {"x"}}};
  std::uint64_t refused = 0;
  for (const auto& [names, values] : bad) {
    Observe(1, names, values);
    EXPECT_EQ(Refused(), ++refused) << names[0].substr(0, 20);
  }
  std::vector<std::string> many(33);
  for (std::size_t i = 0; i < many.size(); i++) many[i] = "l" + std::to_string(i);
  Observe(1, {many.begin(), many.end()}, LabelValues(many.size()));
  Observe(std::numeric_limits<double>::infinity(), {"n"}, {"x"});
  Observe(std::numeric_limits<double>::quiet_NaN(), {"n"}, {"x"});
  EXPECT_EQ(Refused(), refused + 3);
  EXPECT_EQ(Blocks(), before);
  EXPECT_EQ(reading_.Histogram(kSeries).count, 2 + refused + 3) << "the observation always counts";
}

TEST_F(ExemplarsTest, AWriterGivesWayToALivingWriterAndTakesOverFromADeadOne) {
  Observe(1, {"n"}, {"a"});
  constexpr std::uint64_t kHourNs = 3'600'000'000'000;
  const auto now = static_cast<std::uint64_t>(NowNs(CLOCK_REALTIME));
  for (const std::uint64_t dead_since : {now - kHourNs, now + kHourNs}) {
    Records()[0].claimed_unix_ns = dead_since;
    Observe(1, {"n"}, {"b"});
    EXPECT_EQ(Blocks()[0], "n=\"b\"");
    EXPECT_EQ(Records()[0].claimed_unix_ns.load(), 0U);
    Observe(1, {"n"}, {"a"});
  }
  // If this thread is preempted for too long, the other writer counts as dead. So this tries several times.
  bool gave_way = false;
  for (int i = 0; i < 1'000 && !gave_way; i++) {
    Records()[0].claimed_unix_ns = static_cast<std::uint64_t>(NowNs(CLOCK_REALTIME));
    Observe(1, {"n"}, {"b"});
    gave_way = Blocks()[0] == "n=\"a\"";
    Records()[0].claimed_unix_ns = 0;
    Observe(1, {"n"}, {"a"});
  }
  EXPECT_TRUE(gave_way);
}

// Fault 32.
TEST_F(ExemplarsTest, WithoutRoomInTheSegmentTheObservationCountsAndTheExemplarIsRefused) {
  worker_.Observe(latency_, {"x"}, 1);
  while (worker_.arena().AllocateRecord(1'024).ok()) {
  }
  const std::uint64_t before = reading_.Again().Refusals(Refusal::kSegmentFull);
  Observe(1, {"n"}, {"a"});
  EXPECT_EQ(reading_.Again().Refusals(Refusal::kSegmentFull), before + 1);
  EXPECT_EQ(reading_.Histogram(kSeries).count, 2U);
  EXPECT_TRUE(reading_.Exemplars(kSeries).empty());
}

TEST_F(ExemplarsTest, ASeriesAllocatesRecordsOnceForItsFirstExemplar) {
  worker_.Observe(latency_, {"x"}, 1);
  const auto used = [&] { return worker_.segment().mutable_header().used.load() & UINT32_MAX; };
  const std::uint64_t before = used();
  EXPECT_EQ(worker_.Register(latency_, {"x"}).value()->exemplars.load(), 0U);
  for (int i = 0; i < 100; i++) Observe(i % 5, {"n"}, {"a"});
  EXPECT_LE((used() - before) * layout::kRecordAlignment, 4 * 256U + 64U);
}

TEST(ExemplarLabelsTest, TheChecksumCoversTheWordsInUseAndNoOthers) {
  ExemplarWords words{1, 2, 9, {3, 4, 5}};
  const std::uint64_t checksum = ChecksumOf(words);
  EXPECT_NE(checksum, 0U);
  words.labels[2] = 6;
  EXPECT_EQ(ChecksumOf(words), checksum) << "nine bytes end in the second word";
  for (std::uint64_t* word : {&words.value, &words.unix_ns, &words.label_bytes, &words.labels[1]}) {
    (*word)++;
    EXPECT_NE(ChecksumOf(words), checksum);
    (*word)--;
  }
  EXPECT_NE(ChecksumOf(ExemplarWords{}), 0U);
}

}  // namespace
}  // namespace shmetrics::shm
