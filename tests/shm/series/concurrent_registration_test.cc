// Registrations at the same time: by threads, by processes, and beside a process that was stopped on the way.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "shm/base/crash_point.h"
#include "shm/cells.h"
#include "shm/series/directory.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::CounterNamed;
using testing::LabelValues;
using testing::PrivateFolder;
using testing::SharedPage;

class ConcurrentRegistrationTest : public ::testing::Test {
 protected:
  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  BareWorker worker_{path_};
  const FamilyDefinition requests_ = CounterNamed("requests_total", {"method", "code"});
};

TEST_F(ConcurrentRegistrationTest, ThreadsThatRegisterTheSameLabelSetsGetTheSameSeries) {
  constexpr int kThreads = 8, kSeries = 60;
  std::array<std::array<layout::SeriesRecord*, kSeries>, kThreads> found{};
  std::vector<std::thread> threads;
  for (auto& mine : found) {
    threads.emplace_back([&] {
      const auto family = worker_.directory().RegisterFamily(requests_);
      for (int i = 0; i < kSeries; i++) {
        const std::string code = std::to_string(i);
        mine[i] = worker_.directory().RegisterSeries(family.value(), LabelValues{"GET", code}).value();
        AddToCounter(worker_.CellOf<std::uint64_t>(*mine[i]), 1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : found) EXPECT_EQ(mine, found[0]);
  const auto reading = testing::Read(path_);
  ASSERT_EQ(reading.snapshot().families.size(), 1U);
  ASSERT_EQ(reading.snapshot().families[0].series.size(), kSeries);
  for (const SeriesSnapshot& series : reading.snapshot().families[0].series)
    EXPECT_EQ(series.integer, kThreads);
  EXPECT_EQ(reading.snapshot().segment.series_count, kSeries)
      << "a thread that lost a race has kept its place in the count";
}

TEST_F(ConcurrentRegistrationTest, ProcessesThatRegisterTheSameLabelSetsMakeNoDuplicate) {
  constexpr int kProcesses = 8, kFamilies = 5, kSeries = 60;
  const SharedPage<std::atomic<bool>> go;
  std::vector<Child> children;
  for (int process = 0; process < kProcesses; process++) {
    children.emplace_back([&] {
      BareWorker worker(path_);
      testing::WaitUntil([&] { return go->load(); });
      for (int i = 0; i < kFamilies * kSeries; i++) {
        const std::string value = std::to_string(i / kFamilies);
        worker.Count(CounterNamed("f" + std::to_string(i % kFamilies) + "_total", {"n"}), {value},
                     std::uint64_t{1});
      }
    });
  }
  *go = true;
  for (Child& child : children) ASSERT_EQ(child.Wait(), 0);
  const auto reading = testing::Read(path_);
  ASSERT_EQ(reading.snapshot().families.size(), kFamilies);
  for (const FamilySnapshot& family : reading.snapshot().families) {
    ASSERT_EQ(family.series.size(), kSeries);
    for (const SeriesSnapshot& series : family.series) EXPECT_EQ(series.integer, kProcesses);
  }
  EXPECT_EQ(reading.snapshot().skipped.series, 0U) << "a duplicate was passed over";
  EXPECT_EQ(reading.snapshot().skipped.families, 0U);
  EXPECT_EQ(reading.snapshot().segment.series_count, kFamilies * kSeries);
  EXPECT_EQ(reading.snapshot().segment.family_count, kFamilies);
}

// Fault 8. The process is stopped at every crash point of a registration.
TEST_F(ConcurrentRegistrationTest, AProcessStoppedWhileRegisteringBlocksNobody) {
  for (const char* point : {"directory_series_reserved", "arena_cells_committed", "arena_record_committed",
                            "directory_before_publish"}) {
    static const char* stop_at;
    stop_at = point;
    const FamilyDefinition family = CounterNamed(std::string(point) + "_total", {"n"});
    ASSERT_TRUE(worker_.Register(family).ok());
    Child stopped([&] {
      BareWorker worker(path_);
      static_cast<void>(worker.Register(family));
      crash_point_hook = [](const char* name) {
        if (std::string_view(name) != stop_at) return;
        stop_at = "";  // once
        raise(SIGSTOP);
      };
      worker.Count(family, {"1"}, std::uint64_t{1});
    });
    ASSERT_TRUE(stopped.pid() > 0);
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, stopped.pid(), &info, WSTOPPED | WEXITED | WNOWAIT), 0);
    ASSERT_EQ(info.si_code, CLD_STOPPED) << point << " was not reached";
    worker_.Count(family, {"1"}, std::uint64_t{10});
    worker_.Count(family, {"2"}, std::uint64_t{10});
    EXPECT_EQ(testing::Read(path_).Counter(family.name + R"({n="1"})"), 10U);
    stopped.Signal(SIGCONT);
    EXPECT_EQ(stopped.Wait(), 0);
    EXPECT_EQ(testing::Read(path_).Counter(family.name + R"({n="1"})"), 11U)
        << "the process made a duplicate when it woke up";
  }
}

}  // namespace
}  // namespace shmetrics::shm
