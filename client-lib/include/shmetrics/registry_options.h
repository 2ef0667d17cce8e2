#ifndef SHMETRICS_REGISTRY_OPTIONS_H_
#define SHMETRICS_REGISTRY_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

namespace shmetrics {

/// Where a registry finds its segment, and how it makes the segment if there is none. Sizes matter only to
/// the process that makes the segment; the others take what is there.
///
/// An option that the program leaves empty is taken from the environment: from $SHMETRICS_ and its name in
/// capitals. Else it is taken from [segment] of the ini file, where it has its own name, except that
/// `segment` is called `path`. The file is the one that $SHMETRICS_CONFIG names, else
/// /etc/shmetrics/shmetrics.ini if there is one. Else the default holds. An empty variable counts as not set.
/// If one of these values is not understood, or the file cannot be read, the registry does not attach, and
/// its status() names variable, or file, line and key (kBadOption). A program that has more rights than its
/// user (set-user-id, set-group-id, file capabilities) ignores the environment, and status() names the
/// variables.
struct RegistryOptions {
  /// Path of the segment file. Default: /run/shmetrics/default.v1 where that folder exists, else
  /// /dev/shm/shmetrics-UID/default.v1.
  std::string segment = {};
  /// This process's name in the list of workers; UTF-8, cut to 32 bytes. Default: the program's name.
  std::string worker_name = {};
  /// One more user who may own the segment file, besides this one, root and the folder's owner. In
  /// environment and file a number or a name. Default: none, which in code is also -1.
  std::optional<std::int64_t> trusted_owner = {};
  /// The largest size it may grow to; 1 MiB .. 64 GiB. Default: 256 MiB.
  std::optional<std::uint64_t> segment_bytes = {};
  /// Series in the segment; 16 .. 16,777,216. Default: 200,000.
  std::optional<std::uint32_t> series_limit = {};
  /// Series in one family; 1 .. series_limit. Default: 10,000, and series_limit if that is less.
  std::optional<std::uint32_t> family_series_limit = {};
  /// Processes with gauges or leases at once; 1 .. 65,536. Default: 1,024.
  std::optional<std::uint32_t> worker_slots = {};
  /// The most per-CPU stripes; 0 .. 4,096. Default: 256. A counter takes 8 bytes for each of these stripes
  /// (one for each CPU) and for 4 shared ones.
  std::optional<std::uint32_t> max_cpu_stripes = {};
  /// Live leases at once; 512 .. 1,048,576. Default: 65,536.
  std::optional<std::uint32_t> lease_limit = {};
  /// Users whose tier and minutes are remembered; 512 .. 1,048,576. Default: 65,536.
  std::optional<std::uint32_t> ledger_limit = {};
  /// Whether processes of several PID namespaces (containers) take leases in this segment; in environment and
  /// file true or false. Default: false. It costs each of them a file lock, some microseconds. Without it, a
  /// process in another namespace than the maker's is refused leases.
  std::optional<bool> shared_pid_namespaces = {};
  /// What decides if there has never been a segment, in this process or one that it descends from; in
  /// environment and file true or false. Default: false: nothing does, and leases, streams, jobs and minutes
  /// answer kAbsent. True: each process decides for itself, so a limit of 3 allows 3 in each process. Once a
  /// process has had a segment, only a segment decides.
  std::optional<bool> private_decisions = {};
};

}  // namespace shmetrics

#endif  // SHMETRICS_REGISTRY_OPTIONS_H_
