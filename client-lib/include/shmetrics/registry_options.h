#ifndef SHMETRICS_REGISTRY_OPTIONS_H_
#define SHMETRICS_REGISTRY_OPTIONS_H_

#include <cstdint>
#include <string>

namespace shmetrics {

/// Where a registry finds its segment, and how it makes the segment if there is none. Sizes matter only to
/// the process that makes the segment; the others take what is there.
struct RegistryOptions {
  /// Path of the segment file. Empty: $SHMETRICS_SEGMENT, else /run/shmetrics/default.v1 where that folder
  /// exists, else /dev/shm/shmetrics-UID/default.v1.
  std::string segment = {};
  /// This process's name in the list of workers; UTF-8, cut to 32 bytes. Empty: the program's name.
  std::string worker_name = {};
  /// One more user who may own the segment file, besides this one, root and the folder's owner. None: -1.
  std::int64_t trusted_owner = -1;
  std::uint64_t segment_bytes = 256ULL << 20U;  ///< the largest size it may grow to; 1 MiB .. 64 GiB
  std::uint32_t series_limit = 200'000;         ///< series in the segment; 16 .. 16,777,216
  std::uint32_t family_series_limit = 10'000;   ///< series in one family; 1 .. series_limit
  std::uint32_t worker_slots = 1'024;           ///< processes with gauges or leases at once; 1 .. 65,536
  /// The most per-CPU stripes; 0 .. 4,096. A counter takes 8 bytes for each of these stripes (one for each
  /// CPU) and for 4 shared ones.
  std::uint32_t max_cpu_stripes = 256;
  std::uint32_t lease_limit = 65'536;   ///< live leases at once; 512 .. 1,048,576
  std::uint32_t ledger_limit = 65'536;  ///< users whose tier and minutes are remembered; 512 .. 1,048,576
  /// Whether processes of several PID namespaces (containers) take leases in this segment. It costs each of
  /// them a file lock, some microseconds. Without it, a process in another namespace than the maker's is
  /// refused leases.
  bool shared_pid_namespaces = false;
  /// What decides if there has never been a segment, in this process or one that it descends from. False: nothing;
  /// leases, streams, jobs and minutes answer kAbsent. True: each process decides for itself, so a limit of 3 allows
  /// 3 in each process. Once a process has had a segment, only a segment decides.
  bool private_decisions = false;
};

}  // namespace shmetrics

#endif  // SHMETRICS_REGISTRY_OPTIONS_H_
