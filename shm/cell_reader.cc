#include "shm/cell_reader.h"

#include <atomic>
#include <bit>

#include "shm/cells.h"

namespace shmetrics::shm {
namespace {

/// Count and sum of one moment: the writer changes both at once, so a sum between two equal counts belongs to
/// them. On AArch64 too: the two halves are one store there, which all others see at one moment. Acquire and release alone
/// would not do: they would let a sum be seen one observation ahead of both counts.
BucketSnapshot ReadBucket(HistogramCell* cell) {
  constexpr int kMaxTries =
      64;  // then a sum that is one observation ahead; only a writer that never pauses gets here
  const std::atomic_ref<std::uint64_t> count(cell->count);
  const std::atomic_ref<double> sum(cell->sum);
  BucketSnapshot bucket{};
  for (int i = 0; i < kMaxTries; i++) {
    // acquire, so that the three loads stay in this order; nothing else is published by a cell
    bucket.count = count.load(std::memory_order_acquire);
    bucket.sum = sum.load(std::memory_order_acquire);
    if (count.load(std::memory_order_acquire) == bucket.count) break;
  }
  return bucket;
}

}  // namespace

std::uint64_t SumOfIntegers(char* cells, std::uint32_t stripes) {
  std::uint64_t sum = 0;
  for (std::uint32_t stripe = 0; stripe < stripes; stripe++) {
    auto* cell = reinterpret_cast<std::uint64_t*>(cells + stripe * kStripeBytes);
    sum += std::atomic_ref<std::uint64_t>(*cell).load(
        std::memory_order_relaxed);  // no order needed: a cell stands for itself
  }
  return sum;
}

double SumOfFractions(char* cells, std::uint32_t stripes) {
  double sum = 0;
  for (std::uint32_t stripe = 0; stripe < stripes; stripe++) {
    auto* cell = reinterpret_cast<std::uint64_t*>(cells + stripe * kStripeBytes);
    // no order needed: as above
    sum += std::bit_cast<double>(std::atomic_ref<std::uint64_t>(*cell).load(std::memory_order_relaxed));
  }
  return sum;
}

void AppendBuckets(char* cells, std::size_t bucket_count, std::uint32_t stripes,
                   std::vector<BucketSnapshot>* out) {
  const std::size_t first = out->size();
  out->resize(first + bucket_count, BucketSnapshot{0, 0.0});
  for (std::uint32_t stripe = 0; stripe < stripes; stripe++) {
    auto* column = reinterpret_cast<HistogramCell*>(cells + stripe * kStripeBytes);
    for (std::size_t i = 0; i < bucket_count; i++) {
      const BucketSnapshot bucket = ReadBucket(&column[i]);
      (*out)[first + i].count += bucket.count;
      (*out)[first + i].sum += bucket.sum;
    }
  }
}

}  // namespace shmetrics::shm
