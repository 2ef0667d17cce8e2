#include "shm/leases/lease_clock.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <string>
#include <thread>

#include "shm/base/clock.h"
#include "tests/support/child.h"
#include "tests/support/lessee.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

// Debian 12's <sched.h> does not define it.
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace shmetrics::shm {
namespace {

using testing::kMinuteNs;
using testing::Lessee;
using testing::RunInChild;

/// Puts the next children of the calling process into a time namespace whose clocks are `seconds` and 5 ns
/// ahead.
bool UnshareTime(std::int64_t seconds) {
  if (unshare(CLONE_NEWTIME) != 0) return false;
  const std::string offset = " " + std::to_string(seconds) + " 5\n";
  const std::string text = "monotonic" + offset + "boottime" + offset;
  const int file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  return written;
}

/// Runs `body` in a process of such a namespace. Returns its exit code, or 77 if this user may not make one.
int RunInTimeNamespace(std::int64_t seconds, const std::function<void()>& body) {
  return RunInChild([&] {
    if (!UnshareTime(seconds)) _exit(77);
    _exit(RunInChild(body));
  });
}

TEST(LeaseClockTest, KeepsStepWithTheMonotonicClock) {
  const std::int64_t outer = LeaseNowNs(), monotonic = NowNs(CLOCK_MONOTONIC), inner = LeaseNowNs();
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const std::int64_t inner_later = LeaseNowNs(), monotonic_later = NowNs(CLOCK_MONOTONIC),
                     outer_later = LeaseNowNs();
  const std::int64_t passed = monotonic_later - monotonic;
  EXPECT_GE(passed, inner_later - inner);
  EXPECT_LE(passed, outer_later - outer);
}

/// The parameter is how many seconds the clocks of the namespace are ahead of the host's.
class LeaseClockInTimeNamespaceTest : public ::testing::TestWithParam<std::int64_t> {
 protected:
  void SetUp() override {
    // Needs CAP_SYS_ADMIN, which a developer's machine may not give.
    if (RunInTimeNamespace(GetParam(), [] {}) == 77) GTEST_SKIP() << "this user may not make time namespaces";
  }
  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
};

// Faults 13 and 33.
TEST_P(LeaseClockInTimeNamespaceTest, ShowsTheTimeThatItShowsOutside) {
  const testing::SharedPage<std::atomic<std::int64_t>> inside;
  const std::int64_t before = LeaseNowNs(), monotonic_before = NowNs(CLOCK_MONOTONIC);
  ASSERT_EQ(
      RunInTimeNamespace(GetParam(),
                         [&] {
                           const std::int64_t seen = NowNs(CLOCK_MONOTONIC) - monotonic_before;
                           EXPECT_NEAR(static_cast<double>(seen), 1e9 * static_cast<double>(GetParam()), 6e10)
                               << "no other clock";
                           inside->store(LeaseNowNs());
                         }),
      0);
  EXPECT_GE(inside->load(), before);
  EXPECT_LE(inside->load(), LeaseNowNs());
}

// The offsets in /proc/self are those of the next children, not those of the process itself.
TEST_P(LeaseClockInTimeNamespaceTest, IsTheHostsClockInAProcessThatHasOnlyUnshared) {
  const testing::SharedPage<std::atomic<std::int64_t>> inside;
  const std::int64_t before = LeaseNowNs();
  ASSERT_EQ(RunInChild([&] {
              ASSERT_TRUE(UnshareTime(GetParam()));
              inside->store(LeaseNowNs());
              // Its child reads the offset anew, though the parent has read its own.
              EXPECT_EQ(RunInChild([&] {
                          EXPECT_GE(LeaseNowNs(), inside->load());
                          inside->store(LeaseNowNs());
                        }),
                        0);
            }),
            0);
  EXPECT_GE(inside->load(), before);
  EXPECT_LE(inside->load(), LeaseNowNs());
}

TEST_P(LeaseClockInTimeNamespaceTest, LeasesMadeOutsideAreLiveInsideAndExpireThereToo) {
  Lessee lessee(path_);
  const HeldLease lasting = lessee.Acquire("lasting", 1, 10 * kMinuteNs).value();
  ASSERT_TRUE(lessee.Acquire("overdue", 1, 1).ok());
  ASSERT_EQ(RunInTimeNamespace(GetParam(),
                               [&] {
                                 Lessee inside(path_);
                                 EXPECT_EQ(inside.CountLive("lasting").value(), 1U);
                                 EXPECT_FALSE(inside.Acquire("lasting", 1).ok());
                                 EXPECT_EQ(inside.CountLive("overdue").value(), 0U);
                                 EXPECT_TRUE(inside.Acquire("overdue", 1).ok());
                                 EXPECT_EQ(testing::Read(path_).Gauge(R"(uploads{user_id="lasting"})"), 1);
                               }),
            0);
  EXPECT_TRUE(Leases::Renew(lasting, kMinuteNs));
}

TEST_P(LeaseClockInTimeNamespaceTest, LeasesMadeInsideAreLiveOutsideAndExpireThereToo) {
  Lessee lessee(path_);
  const testing::SharedPage<std::atomic<int>> step;
  testing::Child worker([&] {
    ASSERT_TRUE(UnshareTime(GetParam()));
    EXPECT_EQ(RunInChild([&] {
                Lessee inside(path_);
                ASSERT_TRUE(inside.Acquire("lasting", 1, 10 * kMinuteNs).ok());
                ASSERT_TRUE(inside.Acquire("overdue", 1, 1).ok());
                step->store(1);
                testing::WaitUntil([&] { return step->load() == 2; });
              }),
              0);
  });
  testing::WaitUntil([&] { return step->load() == 1; });
  EXPECT_EQ(lessee.CountLive("lasting").value(), 1U);
  EXPECT_FALSE(lessee.Acquire("lasting", 1).ok());
  EXPECT_EQ(testing::Read(path_).Gauge(R"(uploads{user_id="lasting"})"), 1);
  EXPECT_FALSE(testing::Read(path_).Shows(R"(uploads{user_id="overdue"})"));
  EXPECT_TRUE(lessee.Acquire("overdue", 1).ok());
  step->store(2);
  EXPECT_EQ(worker.Wait(), 0);
}

INSTANTIATE_TEST_SUITE_P(AYearAhead, LeaseClockInTimeNamespaceTest, ::testing::Values(365 * 86'400));
INSTANTIATE_TEST_SUITE_P(AnHourAhead, LeaseClockInTimeNamespaceTest, ::testing::Values(3'600));
// The host's age limits how far back the clock may be, because it may not become negative.
INSTANTIATE_TEST_SUITE_P(Behind, LeaseClockInTimeNamespaceTest,
                         ::testing::Values(-NowNs(CLOCK_MONOTONIC) / 1'000'000'000 / 2),
                         [](const auto&) { return "HalfTheAgeOfTheHost"; });

}  // namespace
}  // namespace shmetrics::shm
