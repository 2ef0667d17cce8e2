#include "client-lib/binding/guarded.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <new>
#include <string>

#include "shm/base/out_of_memory.h"
#include "shm/result.h"

namespace shmetrics::internal {
namespace {

Error NoMemory() { return shm::OutOfMemory(); }

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

TEST(GuardedTest, ARequestToEndTheThreadWaits) {
  bool came_back = false;
  pthread_t thread;
  const auto work = [](void* flag) -> void* {
    pthread_cancel(pthread_self());
    *static_cast<bool*>(flag) = Guarded(
        [] {
          pthread_testcancel();
          return true;
        },
        [] { return false; });
    pthread_testcancel();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, nullptr, work, &came_back), 0);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_TRUE(came_back);
}

}  // namespace
}  // namespace shmetrics::internal
