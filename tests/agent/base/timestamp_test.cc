#include "agent/base/timestamp.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace shmetrics::agent {
namespace {

TEST(TimestampTest, MillisecondsAreCutNotRounded) {
  EXPECT_EQ(FormatUtc(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatUtc(1'738'367'999'999'999'999), "2025-01-31T23:59:59.999Z");
}

TEST(TimestampTest, TimesBefore1970AreDefined) { EXPECT_EQ(FormatUtc(-1), "1969-12-31T23:59:59.999Z"); }

TEST(TimestampTest, TheEndsOfTheRangeAreDefined) {
  EXPECT_EQ(FormatUtc(INT64_MIN), "1677-09-21T00:12:43.145Z");
  EXPECT_EQ(FormatUtc(INT64_MAX), "2262-04-11T23:47:16.854Z");
}

}  // namespace
}  // namespace shmetrics::agent
