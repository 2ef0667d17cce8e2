#include "shm/base/trim.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

TEST(TrimTest, TakesBlanksAndTabsFromBothEndsOnly) {
  EXPECT_EQ(Trim("\t a b\tc \t"), "a b\tc");
  EXPECT_EQ(Trim("x"), "x");
}

TEST(TrimTest, LeavesNothingOfBlanksAlone) {
  EXPECT_EQ(Trim(" \t "), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(TrimTest, KeepsLineEndsAndZeroBytes) {
  constexpr std::string_view kText("\r\0a\n", 4);
  EXPECT_EQ(Trim(kText), kText);
}

}  // namespace
}  // namespace shmetrics::shm
