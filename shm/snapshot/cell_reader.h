#ifndef SHMETRICS_SHM_SNAPSHOT_CELL_READER_H_
#define SHMETRICS_SHM_SNAPSHOT_CELL_READER_H_

// Cell reader: adds up a column of cells over the stripes, while others add to it. A part of the snapshot.
// `cells` is the column's place in stripe 0, as Segment::Cells gives it.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/cells.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// The number of integers that stand side by side in one page of a stripe.
inline constexpr std::size_t kMaxRunOfIntegers = kStripeBytes / sizeof(std::uint64_t);

/// Writes the sums of `count` integer counters whose cells stand side by side. `cells` is the first of them.
void SumIntegers(char* cells, std::size_t count, std::uint32_t stripes, std::uint64_t* sums);
double SumOfFractions(char* cells, std::uint32_t stripes);
/// Appends the buckets of one histogram series. In each stripe, the count and sum of a bucket are from one
/// moment.
void AppendBuckets(char* cells, std::size_t bucket_count, std::uint32_t stripes,
                   std::vector<BucketSnapshot>* out);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_CELL_READER_H_
