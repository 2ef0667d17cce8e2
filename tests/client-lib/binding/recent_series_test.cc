#include "client-lib/binding/recent_series.h"

#include <gtest/gtest.h>

#include "shm/layout/layout.h"

namespace shmetrics::internal {
namespace {

using shm::layout::SeriesRecord;

TEST(RecentSeriesTest, OnlyWhatWasFoundTheLastTwoTimesIsGuessed) {
  SeriesRecord a{};
  SeriesRecord b{};
  RecentSeries::Slot slot;
  EXPECT_EQ(slot.Guess(), nullptr);
  const struct {
    SeriesRecord* found;
    SeriesRecord* guess;
  } steps[] = {{&a, nullptr}, {&a, &a}, {&a, &a},      {&b, nullptr}, {&a, nullptr},
               {&b, nullptr}, {&b, &b}, {&a, nullptr}, {&a, &a}};
  for (const auto& step : steps) {
    slot.Note(step.found);
    EXPECT_EQ(slot.Guess(), step.guess) << &step - steps;
  }
}

TEST(RecentSeriesTest, NothingIsNoGuessHoweverOftenItIsFound) {
  RecentSeries::Slot slot;
  for (int i = 0; i < 3; i++) {
    slot.Note(nullptr);
    EXPECT_EQ(slot.Guess(), nullptr);
  }
  SeriesRecord series{};
  slot.Note(&series);
  EXPECT_EQ(slot.Guess(), nullptr);
}

}  // namespace
}  // namespace shmetrics::internal
