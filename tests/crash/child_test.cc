#include "tests/support/child.h"

#include <gtest/gtest.h>

#include <atomic>

#include "tests/support/shared_page.h"

namespace shmetrics::testing {
namespace {

TEST(ChildTest, AChildAnswersForItsOwnFailuresAndNotForThoseBeforeIt) {
  const SharedPage<std::atomic<int>> innocent, guilty;
  const int outer = RunInChild([&] {
    ADD_FAILURE() << "on purpose: the test expects this process to fail";
    *innocent = RunInChild([] { EXPECT_TRUE(true); });
    *guilty = RunInChild([] { ADD_FAILURE() << "on purpose, too"; });
  });
  EXPECT_EQ(outer, 1);
  EXPECT_EQ(*innocent, 0);
  EXPECT_EQ(*guilty, 1);
}

}  // namespace
}  // namespace shmetrics::testing
