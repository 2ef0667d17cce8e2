#ifndef SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_
#define SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_

#include <cstdint>
#include <string>

#include "shm/segment/segment_options.h"
#include "shmetrics/registry.h"

namespace shmetrics::bench {

/// A registry on a segment of its own, which is removed when this program ends. Has room for `series` series,
/// all in one family.
struct ScratchRegistry {
  /// `cpus`: the number of CPUs that the host seems to have when the segment is made; 0: the real number.
  /// Pretending needs the right to mount; without it the real number is used.
  explicit ScratchRegistry(std::uint32_t series, int cpus = 0,
                           std::uint32_t leases = shm::SegmentOptions{}.lease_limit);

  std::string path;
  Registry& registry;
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_
