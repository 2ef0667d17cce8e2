#include "shm/exposition/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>

namespace shmetrics::shm {
namespace {

std::string Double(double value) {
  char text[kMaxNumberBytes];
  return {text, WriteDouble(text, value)};
}

std::string Bound(double value) {
  char text[kMaxNumberBytes];
  return {text, WriteBound(text, value)};
}

TEST(NumberTest, DoublesAreSpelledAsGoSpellsThem) {
  EXPECT_EQ(Double(0), "0");
  EXPECT_EQ(Double(-0.0), "-0");
  EXPECT_EQ(Double(100000), "100000");
  EXPECT_EQ(Double(1000000), "1e+06");
  EXPECT_EQ(Double(123456789), "1.23456789e+08");
  EXPECT_EQ(Double(0.0001), "0.0001");
  EXPECT_EQ(Double(0.00001), "1e-05");
  EXPECT_EQ(Double(5e-324), "5e-324");
}

TEST(NumberTest, DoublesReadBackAsThemselves) {
  for (double value = 1.1; std::isfinite(value); value *= -1.7) {
    EXPECT_EQ(std::strtod(Double(value).c_str(), nullptr), value);
  }
}

TEST(NumberTest, NanHasNoSign) { EXPECT_EQ(Double(-std::numeric_limits<double>::quiet_NaN()), "NaN"); }

TEST(NumberTest, BoundsAreAlwaysFloats) {
  EXPECT_EQ(Bound(1), "1.0");
  EXPECT_EQ(Bound(-10), "-10.0");
  EXPECT_EQ(Bound(0.25), "0.25");
  EXPECT_EQ(Bound(1e6), "1e+06");
  EXPECT_EQ(Bound(std::numeric_limits<double>::infinity()), "+Inf");
}

}  // namespace
}  // namespace shmetrics::shm
