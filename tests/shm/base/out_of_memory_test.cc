#include "shm/base/out_of_memory.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

TEST(OutOfMemoryTest, ItsTextLiesWithinTheErrorSoThatNothingIsAllocated) {
  const Error error = OutOfMemory();
  EXPECT_EQ(error.code, ErrorCode::kOutOfMemory);
  EXPECT_EQ(error.message, kNoMemoryLeft);
  const char* const text = error.message.data();
  const auto* const begin = reinterpret_cast<const char*>(&error);
  EXPECT_GE(text, begin);
  EXPECT_LT(text, begin + sizeof error);
}

}  // namespace
}  // namespace shmetrics::shm
