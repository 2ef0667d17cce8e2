#include "shm/bucket_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace shmetrics::shm {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Random = std::mt19937_64;

/// Any double except NaN, of all sizes, also denormal and infinite.
double AnyDouble(Random& random) {
  for (;;) {
    const auto value = std::bit_cast<double>(random());
    if (!std::isnan(value)) return value;
  }
}

/// Up to `count` finite bounds from draw().
template <class Draw>
std::vector<double> Bounds(std::uint64_t count, Draw draw) {
  std::vector<double> bounds;
  while (bounds.size() < count) {
    const double bound = draw();
    if (std::isfinite(bound)) bounds.push_back(bound);
  }
  std::ranges::sort(bounds);
  const auto same = std::ranges::unique(bounds);
  bounds.erase(same.begin(), same.end());
  return bounds;
}

void ExpectRight(std::span<const double> bounds, const BucketIndex& index, double value) {
  // Bound i is the largest value of bucket i.
  const auto bucket = std::ranges::lower_bound(bounds, value) - bounds.begin();
  ASSERT_EQ(index.BucketOf(value), bucket) << value << " among " << bounds.size() << " from " << bounds[0];
  ASSERT_EQ(BucketOf(bounds.data(), static_cast<std::uint32_t>(bounds.size()), value), bucket) << value;
}

/// Tries the values that most easily go wrong: the bounds, their neighbours, values around zero and at the
/// ends.
void ExpectRightForAllKindsOfValues(const std::vector<double>& bounds, Random& random) {
  const BucketIndex index(bounds);
  ASSERT_EQ(index.bound_count(), bounds.size());
  std::vector<double> values = {0.0,
                                -0.0,
                                kInfinity,
                                -kInfinity,
                                std::numeric_limits<double>::denorm_min(),
                                std::numeric_limits<double>::max()};
  for (const double bound : bounds) {
    values.insert(values.end(), {bound, -bound, std::nextafter(bound, kInfinity),
                                 std::nextafter(bound, -kInfinity), bound * 1.1});
  }
  for (int i = 0; i < 50; i++) values.push_back(AnyDouble(random));
  for (const double value : values) ExpectRight(bounds, index, value);
}

TEST(BucketIndexTest, AgreesWithASearchForBoundsOfEveryShape) {
  Random random(1);
  for (int round = 0; round < 60; round++) {
    const std::uint64_t count = 1 + random() % 255;
    const double around = std::exp2(static_cast<double>(random() % 100) - 50);
    std::uniform_real_distribution<double> fraction(0, 1);
    double next = around;
    const double factor = 1.001 + fraction(random);
    ExpectRightForAllKindsOfValues(Bounds(count, [&] { return AnyDouble(random); }), random);
    ExpectRightForAllKindsOfValues(Bounds(count, [&] { return (fraction(random) - 0.5) * around; }), random);
    ExpectRightForAllKindsOfValues(Bounds(count, [&] { return next *= factor; }), random);
    double step = 0;
    ExpectRightForAllKindsOfValues(Bounds(count, [&] { return step += around; }), random);
    // These are so close that no table tells them apart.
    ExpectRightForAllKindsOfValues(Bounds(count, [&] { return next = std::nextafter(next, kInfinity); }),
                                   random);
  }
}

TEST(BucketIndexTest, AgreesWithASearchForBoundsAroundZero) {
  Random random(2);
  const double tiny = std::numeric_limits<double>::denorm_min();
  for (const std::vector<double>& bounds : std::vector<std::vector<double>>{{0.0},
                                                                            {-0.0},
                                                                            {-1, 0, 1},
                                                                            {-1, -0.0, 1},
                                                                            {0, tiny, 1},
                                                                            {-tiny, 0, tiny},
                                                                            {-3, -2, -1},
                                                                            {0, 0.001, 1}}) {
    ExpectRightForAllKindsOfValues(bounds, random);
  }
}

TEST(BucketIndexTest, WithoutBoundsThereIsOneBucket) {
  for (const double value : {-kInfinity, -1.0, 0.0, 1.0, std::numeric_limits<double>::max()})
    EXPECT_EQ(kNoBuckets.BucketOf(value), 0U);
  EXPECT_EQ(kNoBuckets.bound_count(), 0U);
}

}  // namespace
}  // namespace shmetrics::shm
