#include "agent/view/series_search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tests/support/snapshot_builder.h"

namespace shmetrics::agent {
namespace {

using shm::layout::GaugeMode;
using shm::layout::MetricType;
using shmetrics::testing::SnapshotBuilder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SeriesSearch::Answer Search(const SnapshotBuilder& builder, std::string_view text, std::size_t top = 10) {
  return SeriesSearch::Parse(text).value().Run(builder.snapshot, top);
}

std::vector<std::string> Found(const SnapshotBuilder& builder, std::string_view text, std::size_t top = 10) {
  std::vector<std::string> found;
  for (const auto& one : Search(builder, text, top).best) found.emplace_back(one.series->name_and_labels);
  return found;
}

SnapshotBuilder Some() {
  SnapshotBuilder builder;
  builder.Family("http_requests_total", MetricType::kCounter);
  builder.Counter("user=\"4211\",method=\"GET\"", 1).Counter("user=\"42\",method=\"GET\"", 2);
  builder.Counter("user=\"142\",method=\"POST\"", 3).Counter("user=\"42\",method=\"POST\"", 4);
  builder.Family("jobs", MetricType::kGauge, GaugeMode::kLeases).Number("user=\"42\"", 5);
  return builder;
}

TEST(SeriesSearchTest, EveryWordMustOccurInCapitalsOrNot) {
  const SnapshotBuilder builder = Some();
  EXPECT_THAT(Found(builder, "REQUESTS  post 42"),
              ElementsAre("http_requests_total{user=\"42\",method=\"POST\"}",
                          "http_requests_total{user=\"142\",method=\"POST\"}"));
  EXPECT_THAT(Found(builder, "jobs{user=\"42\"}"), ElementsAre("jobs{user=\"42\"}"));
  EXPECT_THAT(Found(builder, "post jobs"), IsEmpty());
}

TEST(SeriesSearchTest, WholeWordsComeFirst) {
  const SnapshotBuilder builder = Some();
  const SeriesSearch::Answer answer = Search(builder, "42", 4);
  EXPECT_EQ(answer.matches, 5U);
  EXPECT_EQ(answer.searched, 5U);
  EXPECT_TRUE(answer.is_complete);
  EXPECT_THAT(Found(builder, "42", 4),
              ElementsAre("http_requests_total{user=\"42\",method=\"GET\"}",
                          "http_requests_total{user=\"42\",method=\"POST\"}", "jobs{user=\"42\"}",
                          "http_requests_total{user=\"4211\",method=\"GET\"}"));
  EXPECT_THAT(Found(builder, "42", 0), IsEmpty());
}

TEST(SeriesSearchTest, AWorkersOwnSeriesIsFoundByItsLabel) {
  SnapshotBuilder builder;
  builder.Family("depth", MetricType::kGauge, GaugeMode::kPerWorker).Number("", 1, 3).Number("", 2, 31);
  EXPECT_EQ(Search(builder, "worker=\"3\"").matches, 1U);
  EXPECT_EQ(Search(builder, "depth").matches, 2U);
}

TEST(SeriesSearchTest, WhatIsNoSearchIsRefusedInWords) {
  const auto refusal = [](const std::string& text) {
    const Result<SeriesSearch> search = SeriesSearch::Parse(text);
    return search.ok() ? std::string() : search.error().message;
  };
  EXPECT_THAT(refusal(""), HasSubstr("?search="));
  EXPECT_THAT(refusal("   "), HasSubstr("?search="));
  EXPECT_THAT(refusal(std::string(257, 'a')), HasSubstr("256 bytes"));
  EXPECT_THAT(refusal("a b c d e f g h i"), HasSubstr("8 words"));
  EXPECT_THAT(refusal("\xC3"), HasSubstr("UTF-8"));
  for (const std::string& text :
       std::vector<std::string>{"a", "\"", "%", "\\", "{}", "ä ö", std::string(256, 'z'), "\n", "a*(b"})
    EXPECT_EQ(refusal(text), "") << text;
}

// Fault P2.
TEST(SeriesSearchTest, OneOfAHundredThousandIsFoundAndNoSearchIsEndless) {
  SnapshotBuilder builder;
  builder.Family("items_total", MetricType::kCounter);
  for (int i = 0; i < 100'000; ++i) builder.Counter("item=\"" + std::to_string(i) + '"', 1);
  const SeriesSearch::Answer one = Search(builder, "items 77123");
  EXPECT_EQ(one.matches, 1U);
  EXPECT_EQ(one.searched, 100'000U);
  EXPECT_TRUE(one.is_complete);

  SnapshotBuilder
      long_ones;  // as long as labels can be, and like what is searched for but for the last letter
  long_ones.Family("items_total", MetricType::kCounter);
  const std::string long_text(60'000, 'a');
  for (int i = 0; i < 2'000; ++i) long_ones.Counter("item=\"" + long_text + '"', 1);
  const SeriesSearch::Answer some = Search(long_ones, std::string(200, 'a') + 'b');
  EXPECT_FALSE(some.is_complete);
  EXPECT_LT(some.searched, 2'000U);
  EXPECT_EQ(some.matches, 0U);
}

}  // namespace
}  // namespace shmetrics::agent
