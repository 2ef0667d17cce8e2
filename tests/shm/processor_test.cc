#include "shm/processor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <thread>
#include <vector>

namespace shmetrics::shm {
namespace {

TEST(ThreadPointerTest, ThreadsThatLiveAtOnceHaveTheirOwn) {
  const std::uintptr_t mine = ThreadPointer();
  std::thread([mine] { EXPECT_NE(ThreadPointer(), mine); }).join();
  EXPECT_EQ(ThreadPointer(), mine);
}

TEST(CompareExchange16Test, SwapsWhatIsExpected) {
  alignas(16) std::uint64_t cell[2] = {1, 2};
  std::uint64_t expected[2] = {1, 2};
  const std::uint64_t desired[2] = {3, 4};
  EXPECT_TRUE(CompareExchange16(cell, expected, desired));
  EXPECT_EQ(cell[0], 3U);
  EXPECT_EQ(cell[1], 4U);
}

TEST(CompareExchange16Test, TellsWhatWasThereInstead) {
  for (const std::uint64_t wrong_half : {0, 1}) {
    alignas(16) std::uint64_t cell[2] = {1, 2};
    std::uint64_t expected[2] = {1, 2};
    expected[wrong_half] = 9;
    const std::uint64_t desired[2] = {3, 4};
    EXPECT_FALSE(CompareExchange16(cell, expected, desired));
    EXPECT_EQ(expected[0], 1U);
    EXPECT_EQ(expected[1], 2U);
    EXPECT_EQ(cell[0], 1U);
    EXPECT_EQ(cell[1], 2U);
  }
}

// A swap that expects a value the cell never has reads the cell whole.
TEST(CompareExchange16Test, ThreadsSeeBothHalvesOfOneMomentWhoeverSwaps) {
  constexpr std::uint64_t kTurns = 20'000;
  alignas(16) std::uint64_t cell[2] = {0, 0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&cell] {
      for (std::uint64_t turn = 0; turn < kTurns; turn++) {
        std::uint64_t seen[2] = {UINT64_MAX, 0};
        const std::uint64_t never[2] = {0, 0};
        EXPECT_FALSE(CompareExchange16(cell, seen, never));
        EXPECT_EQ(seen[1], 3 * seen[0]);
        std::uint64_t next[2];
        do {
          next[0] = seen[0] + 1;
          next[1] = seen[1] + 3;
        } while (!CompareExchange16(cell, seen, next));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cell[0], 3 * kTurns);
  EXPECT_EQ(cell[1], 9 * kTurns);
}

}  // namespace
}  // namespace shmetrics::shm
