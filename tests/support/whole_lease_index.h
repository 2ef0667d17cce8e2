#ifndef SHMETRICS_TESTS_SUPPORT_WHOLE_LEASE_INDEX_H_
#define SHMETRICS_TESTS_SUPPORT_WHOLE_LEASE_INDEX_H_

#include <cstdint>

#include "shm/segment/segment.h"

namespace shmetrics::testing {

/// Expects each lease entry of a shard in one place: in the free list, or under the key and the holder that
/// are its own, and in the heap if it has a deadline. Only for the holder of the shard's mutex.
void ExpectWholeLeaseIndex(const shm::Segment& segment, std::uint32_t shard);

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_WHOLE_LEASE_INDEX_H_
