#ifndef SHMETRICS_REGISTRY_OPTIONS_H_
#define SHMETRICS_REGISTRY_OPTIONS_H_

#include <cstdint>
#include <string>

namespace shmetrics {

/// Where a registry finds its segment, and how it makes one if it is the first. Sizes count only for the
/// process that makes the segment; the others take what is there.
struct RegistryOptions {
  /// Path of the segment file. Empty: $SHMETRICS_SEGMENT, else /run/shmetrics/default.v1 where that folder
  /// exists, else /dev/shm/shmetrics-UID/default.v1.
  std::string segment = {};
  /// What people see of this process in the list of workers; UTF-8, cut to 32 bytes. Empty: the program's
  /// name.
  std::string worker_name = {};
  /// One more user, besides this one, root and the folder's owner, who may own the segment file. None: -1.
  std::int64_t trusted_owner = -1;
  std::uint64_t segment_bytes = 256ULL << 20U;  ///< the most it may grow to; 1 MiB .. 64 GiB
  std::uint32_t series_limit = 200'000;         ///< in the segment; 16 .. 16,777,216
  std::uint32_t family_series_limit = 10'000;   ///< in one family; 1 .. series_limit
  std::uint32_t worker_slots = 1'024;           ///< processes that set gauges at once; 1 .. 65,536
  std::uint32_t max_cpu_stripes =
      256;  ///< memory of one counter, in 8 bytes: 4 + one a CPU, up to this; 0 .. 4,096
  std::uint32_t lease_limit = 65'536;   ///< leases at once; 512 .. 1,048,576
  std::uint32_t ledger_limit = 65'536;  ///< users whose tier and minutes are remembered; 512 .. 1,048,576
  /// Whether processes of several PID namespaces (containers) take leases in this segment. Costs each of them a lock of
  /// a file, some microseconds. Without it a process of another namespace than the maker's is refused leases.
  bool shared_pid_namespaces = false;
};

}  // namespace shmetrics

#endif  // SHMETRICS_REGISTRY_OPTIONS_H_
