#include "shm/cells.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace shmetrics::shm {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// One block of cells in private memory: kAtomicStripes pages of zeros.
class Block {
 public:
  template <class Cell>
  Cell* first() const {
    return reinterpret_cast<Cell*>(memory_.get());
  }
  std::uint64_t Sum() const {
    std::uint64_t sum = 0;
    for (std::uint32_t i = 0; i < kAtomicStripes; i++) sum += *InStripe(first<std::uint64_t>(), i);
    return sum;
  }
  double FractionalSum() const {
    double sum = 0;
    for (std::uint32_t i = 0; i < kAtomicStripes; i++) sum += *InStripe(first<double>(), i);
    return sum;
  }
  HistogramCell Bucket(std::uint32_t bucket) const {
    HistogramCell total{};
    for (std::uint32_t i = 0; i < kAtomicStripes; i++) {
      const HistogramCell& cell = *InStripe(first<HistogramCell>() + bucket, i);
      total.count += cell.count;
      total.sum += cell.sum;
    }
    return total;
  }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<void, Free> memory_{std::memset(
      std::aligned_alloc(kStripeBytes, kAtomicStripes* kStripeBytes), 0, kAtomicStripes* kStripeBytes)};
};

void InThreads(int count, const auto& body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; i++) threads.emplace_back(body);
  for (std::thread& thread : threads) thread.join();
}

// Fault 38.
TEST(CellsTest, CounterWrapsToZeroBehindItsGreatestValue) {
  const Block block;
  AddToCounter(block.first<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(block.Sum(), std::numeric_limits<std::uint64_t>::max());
  AddToCounter(block.first<std::uint64_t>(), 3);
  EXPECT_EQ(block.Sum(), 2U);
}

TEST(CellsTest, ObservationsFallIntoTheirBuckets) {
  const Block block;
  const double bounds[] = {1, 2};
  const BucketIndex buckets(bounds);
  for (const double value : {0.5, 1.0, 1.5, 2.0, 2.5, 100.0})
    ObserveInHistogram({block.first<HistogramCell>(), 0}, buckets, value);
  EXPECT_EQ(block.Bucket(0).count, 2U);
  EXPECT_EQ(block.Bucket(0).sum, 1.5);
  EXPECT_EQ(block.Bucket(1).count, 2U);
  EXPECT_EQ(block.Bucket(1).sum, 3.5);
  EXPECT_EQ(block.Bucket(2).count, 2U);
  EXPECT_EQ(block.Bucket(2).sum, 102.5);
}

// Fault 38.
TEST(CellsTest, NotANumberCountsInTheLastBucketAndAddsNothing) {
  const Block block;
  const double bounds[] = {1};
  const BucketIndex buckets(bounds);
  ObserveInHistogram({block.first<HistogramCell>(), 0}, buckets, kNaN);
  EXPECT_EQ(block.Bucket(0).count, 0U);
  EXPECT_EQ(block.Bucket(1).count, 1U);
  EXPECT_EQ(block.Bucket(1).sum, 0.0);
}

// Fault 38.
TEST(CellsTest, InfinitiesCountInTheirBucketsAndAddNothing) {
  const Block block;
  const double bounds[] = {1};
  const BucketIndex buckets(bounds);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  ObserveInHistogram({block.first<HistogramCell>(), 0}, buckets, kInfinity);
  ObserveInHistogram({block.first<HistogramCell>(), 0}, buckets, -kInfinity);
  EXPECT_EQ(block.Bucket(0).count, 1U);
  EXPECT_EQ(block.Bucket(1).count, 1U);
  EXPECT_EQ(block.Bucket(0).sum, 0.0);
  EXPECT_EQ(block.Bucket(1).sum, 0.0);
}

TEST(CellsTest, NegativeObservationsAddToTheSumAsTheyAre) {
  const Block block;
  const double bounds[] = {0};
  const BucketIndex buckets(bounds);
  ObserveInHistogram({block.first<HistogramCell>(), 0}, buckets, -2.5);
  EXPECT_EQ(block.Bucket(0).count, 1U);
  EXPECT_EQ(block.Bucket(0).sum, -2.5);
}

TEST(CellsTest, AColumnWithoutCpuStripesIsAddedToInItsAtomicStripes) {
  const Block block;
  AddToCounter(Column<std::uint64_t>{block.first<std::uint64_t>(), 0}, 3);
  EXPECT_EQ(block.Sum(), 3U);
  const Block fractions;
  AddToFractionalCounter(Column<std::uint64_t>{fractions.first<std::uint64_t>(), 0}, 0.5);
  EXPECT_EQ(fractions.FractionalSum(), 0.5);
}

TEST(ThisThreadsAtomicStripeTest, ThreadsKeepTheirStripe) {
  InThreads(8, [] {
    const std::uint32_t stripe = ThisThreadsAtomicStripe();
    EXPECT_LT(stripe, kAtomicStripes);
    for (int i = 0; i < 1000; i++) EXPECT_EQ(ThisThreadsAtomicStripe(), stripe);
  });
}

TEST(CellsTest, ThreadsAddExactlyToACounter) {
  const Block block;
  InThreads(8, [&] {
    for (int i = 0; i < 50'000; i++) AddToCounter(block.first<std::uint64_t>(), 3);
  });
  EXPECT_EQ(block.Sum(), 8U * 50'000U * 3U);
}

TEST(CellsTest, ThreadsAddExactlyToAFractionalCounter) {
  const Block block;
  InThreads(8, [&] {
    for (int i = 0; i < 50'000; i++) AddToFractionalCounter(block.first<std::uint64_t>(), 0.25);
  });
  EXPECT_EQ(block.FractionalSum(), 8 * 50'000 * 0.25);
}

TEST(CellsTest, ThreadsAddExactlyToAHistogramCell) {
  const Block block;
  const double bounds[] = {1, 2, 3};
  const BucketIndex buckets(bounds);
  InThreads(8, [&] {
    for (int i = 0; i < 20'000; i++)
      ObserveInHistogram({block.first<HistogramCell>(), 0}, buckets, 0.5 + i % 4);
  });
  for (std::uint32_t bucket = 0; bucket < 4; bucket++) {
    EXPECT_EQ(block.Bucket(bucket).count, 8U * 5'000U);
    EXPECT_EQ(block.Bucket(bucket).sum, 8 * 5'000 * (0.5 + bucket));
  }
}

}  // namespace
}  // namespace shmetrics::shm
