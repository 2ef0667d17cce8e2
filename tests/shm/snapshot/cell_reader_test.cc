#include "shm/snapshot/cell_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace shmetrics::shm {
namespace {

constexpr std::uint32_t kStripes = 6;
constexpr std::size_t kInPage = kMaxRunOfIntegers;

/// One block in which each cell of each stripe has another number.
struct Block {
  alignas(kStripeBytes) std::array<std::uint64_t, kStripes * kInPage> cells;
  Block() {
    for (std::size_t i = 0; i < cells.size(); i++) cells[i] = 1 + i * i;
  }
  std::uint64_t Sum(std::size_t place) const {
    std::uint64_t sum = 0;
    for (std::size_t stripe = 0; stripe < kStripes; stripe++) sum += cells[stripe * kInPage + place];
    return sum;
  }
};

TEST(CellReaderTest, SumsEachCounterOfARunWhereverItBeginsAndHoweverLongItIs) {
  Block block;
  for (const std::size_t first : {0UL, 1UL, 7UL, kInPage - 9}) {
    for (const std::size_t count : {1UL, 2UL, 3UL, 8UL, 9UL}) {
      std::vector<std::uint64_t> sums(count + 1, 77);
      SumIntegers(reinterpret_cast<char*>(&block.cells[first]), count, kStripes, sums.data());
      for (std::size_t i = 0; i < count; i++) EXPECT_EQ(sums[i], block.Sum(first + i)) << first << '+' << i;
      EXPECT_EQ(sums[count], 77U) << "wrote behind the run";
    }
  }
}

TEST(CellReaderTest, SumsAWholePageAndWrapsAsCountersDo) {
  Block block;
  block.cells[3] = UINT64_MAX;
  std::array<std::uint64_t, kInPage> sums{};
  SumIntegers(reinterpret_cast<char*>(block.cells.data()), kInPage, kStripes, sums.data());
  for (std::size_t i = 0; i < kInPage; i++) EXPECT_EQ(sums[i], block.Sum(i)) << i;
}

}  // namespace
}  // namespace shmetrics::shm
