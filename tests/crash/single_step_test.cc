// kill -9 at chosen instructions: a child is stepped through one operation by ptrace and killed on the way. The short
// operations die at every instruction; of the long ones a sample is taken, which SHMETRICS_STEP_BUDGET makes denser.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>

#include "shm/cells.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::testing {
namespace {

/// How many instructions a test may step through, all its deaths together.
long Budget() {
  const char* budget = std::getenv("SHMETRICS_STEP_BUDGET");
  return budget == nullptr ? 120'000 : std::atol(budget);
}

/// Runs `prepare` at full speed and then at most `limit` instructions of `body`, in a child that is killed there.
/// How many instructions it got to run; -1 if this user may not trace.
long StepThrough(const std::function<void()>& prepare, const std::function<void()>& body, long limit) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(1);
    prepare();
    raise(SIGSTOP);
    body();
    raise(SIGSTOP);
    _exit(0);
  }
  const Child child(pid);  // killed on every way out
  int status = 0;
  if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) return -1;
  for (long steps = 0; steps < limit; steps++) {
    if (ptrace(PTRACE_SINGLESTEP, pid, nullptr, nullptr) != 0) return -1;
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGTRAP) return steps;
  }
  return limit;
}

class SingleStepTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (StepThrough([] {}, [] {}, 1) < 0) GTEST_SKIP() << "this user may not trace";
    survivor_.Count(CounterNamed("first_total", {"n"}), {"0"}, std::uint64_t{1});  // both ends have grown
  }
  /// Kills at many instructions of `body`; `check` is told how many died so far.
  void KillAtInstructions(const std::function<void(BareWorker&, long death)>& body,
                          const std::function<void(long deaths)>& check) {
    const auto run = [&](long death, long limit) {
      return StepThrough([&] { worker_ = new BareWorker(path_, options_); },  // dies with its process
                         [&] { body(*worker_, death); }, limit);
    };
    long deaths = 0;
    const long all = run(deaths++, 10'000'000);
    ASSERT_GT(all, 10);
    const long samples = std::clamp(2 * Budget() / all, std::min(all, 10L), all);  // each costs half of all
    const long stride = all / samples;
    for (long limit = 1; limit < all && !HasFailure();
         limit = limit == all - 1 ? all : std::min(limit + stride, all - 1)) {
      run(deaths++, limit);
      check(deaths);
    }
    EXPECT_GE(deaths, samples);
  }
  void ExpectNothingSkipped() {
    const shm::Skipped& skipped = reading_.Again().snapshot().skipped;
    EXPECT_EQ(skipped.families + skipped.series + skipped.chains + skipped.collisions + skipped.gauges, 0U);
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  const shm::SegmentOptions options_ = {
      .bytes = 64U << 20U, .series_limit = 20'000, .family_series_limit = 10'000, .slot_count = 16};
  BareWorker survivor_{path_, options_};
  SegmentReading reading_{path_};
  BareWorker* worker_ = nullptr;  // of the child
};

// Fault 5.
TEST_F(SingleStepTest, CountAndSumOfAHistogramAgreeWhereverTheObserverDies) {
  const shm::FamilyDefinition histogram = HistogramNamed("h", {1, 2});
  const auto series = survivor_.Register(histogram, {});
  ASSERT_TRUE(series.ok());
  const std::uint64_t offset = series.value()->cells;
  KillAtInstructions(
      [&](BareWorker& worker, long) {
        auto* cells = reinterpret_cast<shm::HistogramCell*>(worker.segment().base() + offset);
        shm::ObserveInHistogram(cells, histogram.bounds.data(), 2, 1.25);
      },
      [&](long deaths) {
        const HistogramReading h = reading_.Again().Histogram("h");
        EXPECT_EQ(h.sum, 1.25 * static_cast<double>(h.count));
        EXPECT_LE(h.count, static_cast<std::uint64_t>(deaths));
      });
  EXPECT_GT(reading_.Again().Histogram("h").count, 0U);
}

// Fault 2.
TEST_F(SingleStepTest, SeriesIsAbsentOrWholeWhereverItsRegistrarDies) {
  const shm::FamilyDefinition family = CounterNamed("c_total", {"n"});
  const auto registered = survivor_.Register(family);
  ASSERT_TRUE(registered.ok());
  std::uint64_t found = 0;
  KillAtInstructions(
      [&](BareWorker& worker, long death) {
        const std::string value = std::to_string(death);
        static_cast<void>(worker.Register(family, {value}));
      },
      [&](long deaths) {
        const std::string value = std::to_string(deaths - 1);
        ExpectNothingSkipped();
        found += reading_.Shows("c_total{n=\"" + value + "\"}") ? 1 : 0;
        survivor_.Count(family, {value}, std::uint64_t{1});
        EXPECT_EQ(reading_.Again().Counter("c_total{n=\"" + value + "\"}"), 1U);
        const std::uint64_t shown = reading_.Family("c_total")->series.size() + 1;  // and first_total
        EXPECT_LE(reading_.snapshot().segment.series_count, shown + static_cast<std::uint64_t>(deaths));
      });
  EXPECT_GT(found, 0U) << "nobody lived to publish";
}

// Faults 4 and 6.
TEST_F(SingleStepTest, SlotIsFreeWhereverItsClaimantDies) {
  const shm::FamilyDefinition gauge = GaugeNamed("g", shm::layout::GaugeMode::kSum);
  ASSERT_TRUE(survivor_.Register(gauge).ok());
  KillAtInstructions([&](BareWorker& worker, long) { worker.Set(gauge, {}, 5); },
                     [&](long) {
                       ExpectNothingSkipped();
                       EXPECT_FALSE(reading_.Shows("g"));
                       EXPECT_LE(reading_.snapshot().workers.size(), 1U);
                     });
  survivor_.Set(gauge, {}, 7);
  EXPECT_EQ(reading_.Again().Gauge("g"), 7.0);
  EXPECT_EQ(reading_.snapshot().workers.size(), 1U) << "slot 0 was free at once";
}

}  // namespace
}  // namespace shmetrics::testing
