#include "client-lib/binding/guarded.h"

#include <gtest/gtest.h>

#include <new>
#include <string>

#include "shm/result.h"

namespace shmetrics::internal {
namespace {

Error NoMemory() { return Error{ErrorCode::kOutOfMemory, "no memory"}; }

TEST(GuardedTest, TheAnswerPassesThrough) {
  EXPECT_EQ(Guarded([] { return Result<int>(42); }, NoMemory).value(), 42);
}

TEST(GuardedTest, AnExceptionBecomesTheAnswerForLackOfMemory) {
  const Result<int> result = Guarded([]() -> Result<int> { throw std::bad_alloc(); }, NoMemory);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kOutOfMemory);
}

TEST(GuardedTest, AnExceptionOfTheLibraryIsCaughtToo) {
  const Result<char> result = Guarded([] { return Result<char>(std::string().at(1)); }, NoMemory);
  EXPECT_FALSE(result);
}

}  // namespace
}  // namespace shmetrics::internal
