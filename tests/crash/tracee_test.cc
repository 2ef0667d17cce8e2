#include "tests/crash/tracee.h"

#include <gtest/gtest.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sys/rseq.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace shmetrics::testing {
namespace {

/// Many times as many as the tests here need.
constexpr int kMostSteps = 100'000;

class TraceeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Tracee::IsPossible()) GTEST_SKIP() << "this user may not trace";
  }
};

TEST_F(TraceeTest, StepsThroughAllThatIsToBeDone) {
  const SharedPage<std::atomic<int>> value;
  Tracee tracee([&] { return [&] { *value = 5; }; });
  int steps = 0;
  while (steps < kMostSteps && tracee.Step()) steps++;
  EXPECT_EQ(*value, 5);
  EXPECT_TRUE(tracee.is_done());
  EXPECT_GT(steps, 3);
}

/// Adds 1 by a restartable sequence, which starts again whenever the kernel aborts it.
void AddRestartably(std::uint64_t* cell) {
  auto* section = reinterpret_cast<std::uint64_t*>(static_cast<char*>(__builtin_thread_pointer()) +
                                                   __rseq_offset + offsetof(struct rseq, rseq_cs));
  asm volatile(
      ".pushsection __rseq_cs, \"aw\"\n"
      ".balign 32\n"
      "3: .long 0, 0\n"
      ".quad 1f, 2f - 1f, 4f\n"
      ".popsection\n"
      "5: leaq 3b(%%rip), %%rax\n"
      "movq %%rax, %[section]\n"
      "1: movq %[cell], %%rax\n"
      "incq %%rax\n"
      "movq %%rax, %[cell]\n"
      "2:\n"
      ".pushsection .text.unlikely, \"ax\"\n"
      ".byte 0x0f, 0xb9, 0x3d\n"
      ".long %c[signature]\n"
      "4: jmp 5b\n"
      ".popsection\n"
      : [cell] "+m"(*cell), [section] "=m"(*section)
      : [signature] "i"(RSEQ_SIG)
      : "rax", "memory", "cc");
}

TEST_F(TraceeTest, RestartableSequenceEndsAlthoughTheKernelAbortsItAtEachStop) {
  if (__rseq_size == 0) GTEST_SKIP() << "the C library has not registered restartable sequences";
  const SharedPage<std::uint64_t> cell;
  Tracee tracee([&] { return [&] { AddRestartably(&*cell); }; });
  for (int i = 0; i < kMostSteps && tracee.Step(); i++) {
  }
  EXPECT_TRUE(tracee.is_done());
  EXPECT_EQ(*cell, 1U);
}

TEST_F(TraceeTest, NamesTheRobustMutexThatIsHeld) {
  const SharedPage<pthread_mutex_t> mutex;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&*mutex, &attributes);
  Tracee tracee([&] {
    return [&] {
      pthread_mutex_lock(&*mutex);
      pthread_mutex_unlock(&*mutex);
    };
  });
  const auto word = reinterpret_cast<std::uint64_t>(&mutex->__data.__lock);
  int held = 0, unnamed = 0;
  for (int i = 0; i < kMostSteps && tracee.Step(); i++) {
    if (mutex->__data.__lock == 0) continue;
    held++;
    unnamed += std::ranges::count(tracee.RobustWords(), word) == 0 ? 1 : 0;
  }
  EXPECT_GT(held, 0);
  EXPECT_EQ(unnamed, 0) << "a death there would leave it locked for good";
  EXPECT_TRUE(tracee.RobustWords().empty());
}

}  // namespace
}  // namespace shmetrics::testing
