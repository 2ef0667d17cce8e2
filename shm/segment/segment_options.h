#ifndef SHMETRICS_SHM_SEGMENT_SEGMENT_OPTIONS_H_
#define SHMETRICS_SHM_SEGMENT_SEGMENT_OPTIONS_H_

#include <cstdint>

namespace shmetrics::shm {

/// The layout of a segment. Fixed at creation, so only the worker that creates it decides.
struct SegmentOptions {
  std::uint64_t bytes = 256ULL << 20U;         ///< maximum; address space, not memory. 1 MiB .. 64 GiB
  std::uint32_t series_limit = 200'000;        ///< 16 .. 16,777,216
  std::uint32_t family_series_limit = 10'000;  ///< 1 .. series_limit
  std::uint32_t slot_count = 1'024;     ///< processes that set gauges or hold leases at once: 1 .. 65,536
  std::uint32_t max_cpu_stripes = 256;  ///< most CPUs that get a stripe of their own: 0 .. 4,096
  std::uint32_t lease_limit = 65'536;   ///< 512 .. 1,048,576
  std::uint32_t ledger_limit = 65'536;  ///< 512 .. 1,048,576
  bool shared_pid_namespaces = false;   ///< allows leases in several PID namespaces (namespace_lock.h)
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_SEGMENT_OPTIONS_H_
