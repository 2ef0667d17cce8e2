#ifndef SHMETRICS_SHM_SNAPSHOT_BUCKET_TOTAL_H_
#define SHMETRICS_SHM_SNAPSHOT_BUCKET_TOTAL_H_

#include <span>

#include "shm/snapshot/saturating_sum.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::shm {

/// Adds the observations of `from` to those of `to`.
inline void AddBucket(const BucketSnapshot& from, BucketSnapshot* to) {
  to->count += from.count;
  to->sum = SaturatingSum(to->sum, from.sum);
}

/// Count and sum of all observations in `buckets`.
inline BucketSnapshot TotalOf(std::span<const BucketSnapshot> buckets) {
  BucketSnapshot total{};
  for (const BucketSnapshot& bucket : buckets) AddBucket(bucket, &total);
  return total;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SNAPSHOT_BUCKET_TOTAL_H_
