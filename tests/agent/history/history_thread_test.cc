#include "agent/history/history_thread.h"

#include <gtest/gtest.h>

#include <string>

#include "agent/view/bus_guard.h"
#include "tests/agent/view/segment_writer.h"
#include "tests/support/child.h"

namespace shmetrics::agent {
namespace {

TEST(HistoryThreadTest, LooksAtOnceBesideOtherThreadsAndEndsWithoutWaitingForTheNextLook) {
  BusGuard::Install();
  const testing::TemporaryFolder folder;
  const std::string path = folder / "segment";
  testing::SegmentWriter(path).Count("jobs_total", 3);
  CurrentView view(path);
  History history;
  {
    const HistoryThread thread(&view, &history);
    testing::WaitUntil([&] {
      CurrentView::Turn turn(&view);
      turn.Look();
      return history.families().contains("jobs_total");
    });
  }
  EXPECT_EQ(history.table().column_count(), 1U) << "it was stopped long before the next";
}

}  // namespace
}  // namespace shmetrics::agent
