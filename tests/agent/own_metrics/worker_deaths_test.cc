#include "agent/own_metrics/worker_deaths.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {
namespace {

using std::chrono::seconds;

class WorkerDeathsTest : public testing::Test {
 protected:
  /// Counts the deaths in slots with these epochs; those in `alive` are held.
  std::uint64_t Look(const std::vector<std::uint64_t>& epochs, const std::vector<bool>& alive, int second) {
    shm::Snapshot segment{};
    for (std::size_t i = 0; i < epochs.size(); ++i) {
      segment.workers.push_back({static_cast<std::uint32_t>(i), alive[i], "", 1, 0, epochs[i]});
      segment.segment.worker_starts += epochs[i];
    }
    return deaths_.Count(segment, start_ + seconds(second));
  }

  WorkerDeaths deaths_;
  const WorkerDeaths::Clock::time_point start_ = WorkerDeaths::Clock::now();
};

TEST_F(WorkerDeathsTest, AStartedWorkerThatDoesNotLiveIsDeadFromTheFirstLookOn) {
  EXPECT_EQ(Look({4, 3, 2}, {true, false, false}, 0), 8U);
}

TEST_F(WorkerDeathsTest, AWorkerThatIsAboutToHoldItsSlotIsNotDead) {
  EXPECT_EQ(Look({1}, {true}, 0), 0U);
  EXPECT_EQ(Look({1, 1}, {true, false}, 10), 0U);
  EXPECT_EQ(Look({1, 1}, {true, true}, 11), 0U);
}

TEST_F(WorkerDeathsTest, ADeathIsCountedOnceTheSlotHasBeenWithoutAHolderForAWhile) {
  EXPECT_EQ(Look({1, 1}, {true, true}, 0), 0U);
  EXPECT_EQ(Look({1, 1}, {true, false}, 10), 0U);
  EXPECT_EQ(Look({1, 1}, {true, false}, 11), 1U);
  EXPECT_EQ(Look({1, 1}, {true, false}, 12), 1U);
}

TEST_F(WorkerDeathsTest, TheNextOwnerOfASlotProvesTheLastOneDead) {
  EXPECT_EQ(Look({1}, {true}, 0), 0U);
  EXPECT_EQ(Look({4}, {true}, 1), 3U);
}

TEST_F(WorkerDeathsTest, TheCountDoesNotGoBackWithAReplacedSegmentThatIsNoLongerRead) {
  EXPECT_EQ(Look({9}, {true}, 0), 8U);
  EXPECT_EQ(Look({1}, {true}, 1), 8U);
  EXPECT_EQ(Look({3}, {true}, 2), 10U) << "deaths in the new one count at once";
}

}  // namespace
}  // namespace shmetrics::agent
