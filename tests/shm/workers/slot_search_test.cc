#include "shm/workers/slot_search.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <vector>

#include "shm/segment/segment_options.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using Reach = SlotSearch::Reach;

constexpr std::uint32_t kSlots = 1'000;

class SlotSearchTest : public ::testing::Test {
 protected:
  SlotSearchTest() : worker_(folder_ / "segment.v1", Options()) {}

  static SegmentOptions Options() {
    SegmentOptions options = testing::SmallSegment();
    options.slot_count = kSlots;
    return options;
  }
  std::optional<std::uint32_t> First(Reach reach = Reach::kSeeminglyFree) {
    return SlotSearch(worker_.segment(), reach).Next();
  }
  std::vector<std::uint32_t> AllNamed(Reach reach) {
    SlotSearch search(worker_.segment(), reach);
    std::vector<std::uint32_t> slots;
    while (const auto slot = search.Next()) slots.push_back(*slot);
    return slots;
  }
  void GiveOut(std::uint32_t count) {
    worker_.segment().mutable_header().slots_given = count;
    Occupy(0, count);
  }
  /// The slots from `first` on seem to be of this process, which lives.
  void Occupy(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t i = first; i < first + count; i++) worker_.segment().worker_slot(i).pid = getpid();
  }

  const testing::PrivateFolder folder_;
  testing::BareWorker worker_;
};

TEST_F(SlotSearchTest, NewSlotsAreGivenOutInOrderWhileEverybodyLives) {
  for (std::uint32_t i = 0; i < kSlots; i++) {
    EXPECT_EQ(First(), i);
    Occupy(i, 1);
  }
  EXPECT_EQ(First(), std::nullopt);
}

TEST_F(SlotSearchTest, TheSlotOfADeadWorkerIsTakenBeforeANewOne) {
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  testing::Child(dead).Wait();
  First();
  worker_.segment().worker_slot(0).pid = static_cast<std::uint32_t>(dead);
  EXPECT_EQ(First(), 0U);
}

// Fault L12.
TEST_F(SlotSearchTest, ASearchLooksAtAFewSlotsHoweverManyThereAre) {
  GiveOut(kSlots / 2);
  worker_.segment().mutable_header().slot_cursor = 100;
  EXPECT_EQ(First(), kSlots / 2);
  EXPECT_EQ(worker_.segment().mutable_header().slot_cursor, 108U);
}

// Fault L12.
TEST_F(SlotSearchTest, WhileWorkersComeAndGoMostSlotsGivenOutAreInUse) {
  constexpr std::uint32_t kLiving = 100;
  std::vector<std::uint32_t> living;
  for (int i = 0; i < 5'000; i++) {
    const auto slot = First();
    ASSERT_TRUE(slot);
    Occupy(*slot, 1);
    living.push_back(*slot);
    if (living.size() <= kLiving) continue;
    worker_.segment().worker_slot(living.front()).pid = INT32_MAX;
    living.erase(living.begin());
  }
  EXPECT_LE(worker_.segment().mutable_header().slots_given, 2 * kLiving);
}

TEST_F(SlotSearchTest, AFullSearchNamesEverySlotAndTheSeeminglyDeadFirst) {
  GiveOut(kSlots);
  worker_.segment().worker_slot(700).pid = INT32_MAX;
  const std::vector<std::uint32_t> named = AllNamed(Reach::kAll);
  ASSERT_FALSE(named.empty());
  EXPECT_EQ(named.front(), 700U);
  EXPECT_EQ(std::set(named.begin(), named.end()).size(), kSlots);
}

TEST_F(SlotSearchTest, NonsenseInTheSegmentEndsTheSearchAllTheSame) {
  layout::MutableHeader& header = worker_.segment().mutable_header();
  header.slots_given = UINT32_MAX;
  header.slot_cursor = UINT32_MAX - 3;
  for (std::uint32_t i = 0; i < kSlots; i++) worker_.segment().worker_slot(i).pid = UINT32_MAX - i;
  for (const std::uint32_t slot : AllNamed(Reach::kAll)) EXPECT_LT(slot, kSlots);
}

}  // namespace
}  // namespace shmetrics::shm
