#include "shm/snapshot/series_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::CounterNamed;
using testing::GaugeNamed;
using testing::HistogramNamed;
using testing::PrivateFolder;

class SeriesIndexTest : public ::testing::Test {
 protected:
  layout::Ref RefOf(const FamilyDefinition& definition, const testing::LabelValues& values) {
    return worker_.segment().RefOf(worker_.Register(definition, values).value());
  }

  PrivateFolder folder_;
  BareWorker worker_{folder_ / "segment"};
  std::shared_ptr<Segment> reader_ = Segment::Attach(folder_ / "segment", Segment::Access::kReadOnly).value();
  SeriesIndex index_{*reader_};
};

TEST_F(SeriesIndexTest, KnowsNothingBeforeItHasLooked) {
  ASSERT_TRUE(worker_.Register(CounterNamed("c_total")).ok());
  EXPECT_TRUE(index_.families().empty());
  index_.Update();
  ASSERT_EQ(index_.families().size(), 1U);
  EXPECT_EQ(index_.families()[0]->definition.name, "c_total");
}

// A look costs only what is new. If it read a known record again, it would find the record damaged.
TEST_F(SeriesIndexTest, WhatIsKnownIsNotReadAgain) {
  const FamilyDefinition definition = CounterNamed("c_total", {"n"});
  std::vector<layout::SeriesRecord*> known;
  for (int i = 0; i < 45; i++) known.push_back(worker_.Register(definition, {std::to_string(i)}).value());
  index_.Update();
  for (layout::SeriesRecord* series : known) {
    series->record.kind = static_cast<layout::RecordKind>(99);
    series->family = 1;
  }
  for (int i = 0; i < 45; i++) ASSERT_TRUE(worker_.Register(definition, {"new " + std::to_string(i)}).ok());
  index_.Update();
  EXPECT_EQ(index_.families()[0]->series.size(), 90U + 1U) << "with the overflow series";
  EXPECT_EQ(index_.skipped().series, 0U);
}

// Whatever is registered between the looks, in the end the index has everything once.
TEST_F(SeriesIndexTest, LookingOftenFindsWhatLookingOnceFinds) {
  std::mt19937 random(8);
  std::map<std::string, std::vector<std::string>> expected;
  for (int i = 0; i < 400; i++) {
    const std::string name = "f" + std::to_string(random() % 12) + "_total",
                      value = std::to_string(random() % 90);
    const bool is_new =
        std::ranges::find(expected[name], name + "{n=\"" + value + "\"}") == expected[name].end();
    ASSERT_TRUE(worker_.Register(CounterNamed(name, {"n"}), {value}).ok());
    if (is_new) expected[name].push_back(name + "{n=\"" + value + "\"}");
    if (random() % 7 == 0) index_.Update();
  }
  index_.Update();
  SeriesIndex fresh(*reader_);
  fresh.Update();
  for (const SeriesIndex* index : {&index_, &fresh}) {
    ASSERT_EQ(index->families().size(), expected.size());
    for (const IndexedFamily* family : index->families()) {
      std::vector<std::string> found;
      for (const IndexedSeries& series : family->series) {
        if (!series.name_and_labels.ends_with("{otel_metric_overflow=\"true\"}"))
          found.emplace_back(series.name_and_labels);
      }
      EXPECT_EQ(found, expected[family->definition.name]) << "not in the order of registration";
    }
  }
  EXPECT_EQ(index_.skipped().series, 0U);
}

TEST_F(SeriesIndexTest, GaugeFamiliesAreFoundByTheirSeries) {
  const layout::Ref gauge = RefOf(GaugeNamed("g", layout::GaugeMode::kSum, {"a"}), {"x"});
  const layout::Ref plain = RefOf(GaugeNamed("plain", layout::GaugeMode::kMax), {});
  const layout::Ref counter = RefOf(CounterNamed("c_total"), {});
  EXPECT_EQ(index_.GaugeFamilyOf(gauge), nullptr) << "not looked yet";
  index_.Update();
  ASSERT_NE(index_.GaugeFamilyOf(gauge), nullptr);
  EXPECT_EQ(index_.GaugeFamilyOf(gauge)->definition.name, "g");
  ASSERT_NE(index_.GaugeFamilyOf(plain), nullptr);
  EXPECT_EQ(index_.GaugeFamilyOf(counter), nullptr);
  EXPECT_EQ(index_.GaugeFamilyOf(0), nullptr);
}

TEST_F(SeriesIndexTest, TextsStayWhereTheyAre) {
  ASSERT_TRUE(worker_.Register(HistogramNamed("h", {1, 2}, {"a"}), {"x"}).ok());
  index_.Update();
  const IndexedFamily* family = index_.families().at(0);
  const std::string_view text = family->series.back().name_and_labels;
  const char* const at = text.data();
  for (int i = 0; i < 90; i++)
    ASSERT_TRUE(worker_.Register(HistogramNamed("h", {1, 2}, {"a"}), {std::to_string(i)}).ok());
  index_.Update();
  EXPECT_EQ(text, "h{a=\"x\"}");
  EXPECT_EQ(index_.families().at(0), family);
  EXPECT_EQ(family->series.at(1).name_and_labels.data(), at);
}

}  // namespace
}  // namespace shmetrics::shm
