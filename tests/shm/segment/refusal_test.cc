#include "shm/segment/refusal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace shmetrics::shm {
namespace {

// kInvalidExemplar has no code: exemplars are refused without a word to the caller.
TEST(RefusalTest, EachReasonButThatOfExemplarsHasACode) {
  std::set<layout::Refusal> reasons;
  for (const ErrorCode code : kErrorCodes) {
    if (const auto reason = RefusalOf(code)) reasons.insert(*reason);
  }
  EXPECT_EQ(reasons.size(), layout::kRefusals - 1);
  EXPECT_FALSE(reasons.contains(layout::Refusal::kInvalidExemplar));
}

TEST(RefusalTest, ALimitThatTheCallerHasSetIsNoFaultOfTheSegment) {
  EXPECT_EQ(RefusalOf(ErrorCode::kLimitReached), std::nullopt);
  EXPECT_EQ(RefusalOf(ErrorCode::kDailyMinutes), std::nullopt);
}

}  // namespace
}  // namespace shmetrics::shm
