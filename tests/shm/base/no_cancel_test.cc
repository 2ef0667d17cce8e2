#include "shm/base/no_cancel.h"

#include <gtest/gtest.h>

namespace shmetrics::shm {
namespace {

int CancelState() {
  int state = 0, ignored = 0;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  pthread_setcancelstate(state, &ignored);
  return state;
}

/// Runs the function in a thread that is asked to end before it. True if the request ended the thread.
bool IsCancelled(void* (*function)(void*), bool* came_back) {
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, nullptr, function, came_back), 0);
  void* result = nullptr;
  EXPECT_EQ(pthread_join(thread, &result), 0);
  return result == PTHREAD_CANCELED;
}

TEST(NoCancelTest, ARequestWaitsForItsEnd) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "AddressSanitizer takes the frames of a cancelled thread for ones in use";
#endif
  bool came_back = false;
  EXPECT_TRUE(IsCancelled(
      [](void* flag) -> void* {
        pthread_cancel(pthread_self());
        {
          const NoCancel no_cancel;
          pthread_testcancel();
          *static_cast<bool*>(flag) = true;
        }
        pthread_testcancel();
        return nullptr;
      },
      &came_back));
  EXPECT_TRUE(came_back);
}

TEST(NoCancelTest, AThreadKeepsItsOwnState) {
  int ignored = 0;
  {
    const NoCancel outer;
    { const NoCancel inner; }
    EXPECT_EQ(CancelState(), PTHREAD_CANCEL_DISABLE) << "the outer one still holds";
  }
  EXPECT_EQ(CancelState(), PTHREAD_CANCEL_ENABLE);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &ignored);
  { const NoCancel no_cancel; }
  EXPECT_EQ(CancelState(), PTHREAD_CANCEL_DISABLE);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &ignored);
}

}  // namespace
}  // namespace shmetrics::shm
