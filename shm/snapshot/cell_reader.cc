#include "shm/snapshot/cell_reader.h"

#include <algorithm>
#include <atomic>
#include <bit>

#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/saturating_sum.h"

namespace shmetrics::shm {
namespace {

/// Count and sum from one moment. The writer changes both at once, so a sum read between two equal counts
/// belongs to them. That holds on AArch64 too, where the two halves are one store that all others see at one
/// moment. Acquire and release alone would not do: they would let a reader see a sum that is one observation
/// ahead of both counts.
BucketSnapshot ReadBucket(HistogramCell* cell) {
  // After these tries the sum may be one observation ahead. Only a writer that never pauses gets here.
  constexpr int kMaxTries = 64;
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

// Compilers do not turn atomic loads into vectors, and single loads take half as long again. x86-64 may split
// a vector load, but never within an aligned word of 8 bytes, and a cell needs no more. Other processors do
// not promise that, and ThreadSanitizer sees a race in it. There the cells are loaded one by one.
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__)
using Words [[gnu::vector_size(16), gnu::aligned(8), gnu::may_alias]] = std::uint64_t;
constexpr std::size_t kIntegersAtOnce = sizeof(Words) / sizeof(std::uint64_t);

void AddAtOnce(const char* cells, std::uint64_t* sums) {
  // volatile: exactly one load, neither repeated nor left out
  *reinterpret_cast<Words*>(sums) += *reinterpret_cast<const volatile Words*>(cells);
}
#else
constexpr std::size_t kIntegersAtOnce = 1;

void AddAtOnce(char* cell, std::uint64_t* sum) {
  // no order needed: a cell stands for itself
  *sum += std::atomic_ref(*reinterpret_cast<std::uint64_t*>(cell)).load(std::memory_order_relaxed);
}
#endif

}  // namespace

void SumIntegers(char* cells, std::size_t count, std::uint32_t stripes, std::uint64_t* sums) {
  std::fill_n(sums, count, 0);
  for (std::uint32_t stripe = 0; stripe < stripes; stripe++) {
    char* const row = cells + stripe * kStripeBytes;
    std::size_t i = 0;
    for (; i + kIntegersAtOnce <= count; i += kIntegersAtOnce) {
      // The processor prefetches only to the end of a page. Without this, a third of the time would be
      // waiting for the next page.
      __builtin_prefetch(row + kStripeBytes + i * sizeof *sums);
      AddAtOnce(row + i * sizeof *sums, sums + i);
    }
    for (; i < count; i++) {
      // no order needed: a cell stands for itself
      sums[i] += std::atomic_ref(reinterpret_cast<std::uint64_t*>(row)[i]).load(std::memory_order_relaxed);
    }
  }
}

double SumOfFractions(char* cells, std::uint32_t stripes) {
  double sum = 0;
  for (std::uint32_t stripe = 0; stripe < stripes; stripe++) {
    auto* cell = reinterpret_cast<std::uint64_t*>(cells + stripe * kStripeBytes);
    // no order needed: a cell stands for itself
    const std::uint64_t bits = std::atomic_ref<std::uint64_t>(*cell).load(std::memory_order_relaxed);
    sum = SaturatingSum(sum, std::bit_cast<double>(bits));
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
      AddBucket(ReadBucket(&column[i]), &(*out)[first + i]);
    }
  }
}

}  // namespace shmetrics::shm
