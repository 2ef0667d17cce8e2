#ifndef SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_
#define SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_

#include <cstdint>
#include <string>

#include "shmetrics/registry.h"

namespace shmetrics::bench {

/// A registry on a segment of its own, which is gone with this program. Room for `series` series, all in one
/// family.
struct ScratchRegistry {
  /// `cpus`: how many the host seems to have when the segment is made; 0: as many as it has. To pretend takes the right to
  /// mount; without it the host's are taken.
  explicit ScratchRegistry(std::uint32_t series, int cpus = 0);

  std::string path;
  Registry& registry;
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_SCRATCH_REGISTRY_H_
