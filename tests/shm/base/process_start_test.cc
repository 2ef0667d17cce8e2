#include "shm/base/process_start.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>

#include "tests/support/child.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::Child;
using testing::SharedPage;
using testing::WaitUntil;

class ProcessStartTest : public ::testing::Test {
 protected:
  /// A child that has said when it began, and then does `afterwards`.
  Child Start(const std::function<void()>& afterwards) {
    Child child([&] {
      ticks_->store(OwnStartTicks());
      afterwards();
    });
    WaitUntil([&] { return ticks_->load() != 0; });
    return child;
  }
  static std::uint32_t IdOf(const Child& child) { return static_cast<std::uint32_t>(child.pid()); }

  SharedPage<std::atomic<std::uint64_t>> ticks_;
};

TEST_F(ProcessStartTest, ALivingProcessIsTheOneThatBeganThen) {
  const Child child = Start([] { pause(); });
  EXPECT_TRUE(IsProcessOf(IdOf(child), *ticks_));
  EXPECT_FALSE(IsProcessOf(IdOf(child), *ticks_ + 1)) << "another process that has got the number";
  EXPECT_FALSE(IsProcessOf(IdOf(child), 0)) << "not known";
  EXPECT_FALSE(IsProcessOf(0, *ticks_));
}

TEST_F(ProcessStartTest, ItStaysTheSameInAnotherProgram) {
  const Child child = Start([] { execlp("sleep", "sleep", "1000", nullptr); });
  WaitUntil([&] { return IsProcessOf(IdOf(child), *ticks_); });
  EXPECT_TRUE(IsProcessOf(IdOf(child), *ticks_));
}

TEST_F(ProcessStartTest, ADeadOneThatNobodyHasWaitedForIsGone) {
  Child child = Start([] { pause(); });
  child.Signal(SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(IsProcessOf(IdOf(child), *ticks_)) << "a zombie has no memory";
  child.Wait();
  EXPECT_FALSE(IsProcessOf(IdOf(child), *ticks_));
}

}  // namespace
}  // namespace shmetrics::shm
