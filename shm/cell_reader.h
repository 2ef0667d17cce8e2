#ifndef SHMETRICS_SHM_CELL_READER_H_
#define SHMETRICS_SHM_CELL_READER_H_

// Cell reader: what a column of cells says, down the stripes, while others add to it. A part of the snapshot. `cells` is
// the column's place in stripe 0, as Segment::Cells gives it.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shm/snapshot.h"

namespace shmetrics::shm {

std::uint64_t SumOfIntegers(char* cells, std::uint32_t stripes);
double SumOfFractions(char* cells, std::uint32_t stripes);
/// The buckets of one histogram series, count and sum of each of one moment in each stripe.
void AppendBuckets(char* cells, std::size_t bucket_count, std::uint32_t stripes,
                   std::vector<BucketSnapshot>* out);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_CELL_READER_H_
