#include "shm/segment/refusal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace shmetrics::shm {
namespace {

// Two have no code: an exemplar is refused without a word to the caller, and a process that does not follow
// to a new segment counts on in the old one.
TEST(RefusalTest, EachReasonButTheTwoThatRefuseNoCallHasACode) {
  std::set<layout::Refusal> reasons;
  for (const ErrorCode code : kErrorCodes) {
    if (const auto reason = RefusalOf(code)) reasons.insert(*reason);
  }
  EXPECT_EQ(reasons.size(), layout::kRefusals - 2);
  EXPECT_FALSE(reasons.contains(layout::Refusal::kNotFollowed));
  EXPECT_FALSE(reasons.contains(layout::Refusal::kInvalidExemplar));
}

TEST(RefusalTest, ALimitThatTheCallerHasSetIsNoFaultOfTheSegment) {
  EXPECT_EQ(RefusalOf(ErrorCode::kLimitReached), std::nullopt);
  EXPECT_EQ(RefusalOf(ErrorCode::kDailyMinutes), std::nullopt);
}

}  // namespace
}  // namespace shmetrics::shm
