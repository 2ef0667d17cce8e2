#ifndef SHMETRICS_REGISTRY_H_
#define SHMETRICS_REGISTRY_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "shm/cells.h"
#include "shm/result.h"
#include "shmetrics/counter.h"
#include "shmetrics/export.h"
#include "shmetrics/gauge.h"
#include "shmetrics/histogram.h"
#include "shmetrics/info.h"
#include "shmetrics/label_pair.h"
#include "shmetrics/lease.h"

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

/// Refusals of one kind that this process has met.
struct RefusalStatus {
  ErrorCode code;
  std::uint64_t count;
  std::string first;  ///< the message of the first of them
};

/// How a registry stands.
struct Status {
  bool attached;        ///< to a segment; else everything counts in private memory
  bool full;            ///< a limit or the memory's end has been met: some label sets or gauges have no place
  std::string segment;  ///< path
  /// Why it is not attached, or why a segment that has been removed could not be replaced; empty if all is well.
  std::string error;
  ErrorCode error_code;                 ///< of `error`; meaningless if that is empty
  std::vector<RefusalStatus> refusals;  ///< of families, label sets and worker slots; one entry a kind
};

/// The way in: a process's connection to one segment, and the metric families in it. The idea of families and
/// bound handles is that of the Prometheus client libraries.
///
/// Every function is thread-safe, works in a forked child without any action, never throws, never waits for
/// another process, and never ends, logs in or otherwise harms the application. Without a usable segment
/// everything still works and counts in private memory; it is tried again at later registrations, at most
/// once a second. A registry lives as long as its process.
class SHMETRICS_EXPORT Registry {
 public:
  /// The registry of this process. Attaches to the segment, or makes it, on first use.
  static Registry& global() noexcept { return GlobalOf(shm::kCallerLayout); }

  /// Options for global(). False, without effect, once it has been used.
  static bool configure(const RegistryOptions& options) noexcept;

  /// A registry on another segment, for programs that need several. Never freed: make few.
  static Registry& open(const RegistryOptions& options) noexcept {
    return OpenOf(options, shm::kCallerLayout);
  }

  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Finds or registers a family. Asked for again with the same definition it gives the same family; with
  /// another type, mode, label names or bounds it gives one that counts in private memory, and error() of
  /// that names both.
  CounterFamily counter(const FamilyOptions& options) noexcept;
  FractionalCounterFamily fractional_counter(const FamilyOptions& options) noexcept;
  GaugeFamily gauge(const FamilyOptions& options, GaugeMode mode = GaugeMode::sum) noexcept;
  HistogramFamily histogram(const FamilyOptions& options, const Buckets& bounds) noexcept;
  LeaseGaugeFamily lease_gauge(const FamilyOptions& options) noexcept;

  /// Says something of this process, like its version: a series of these labels with the value 1, shown while at least one
  /// process lives that says it. Said again by the same process with other values, they replace the former ones; with
  /// other label names it is refused. A forked child says nothing until it is called there. For the start of a program:
  /// each set of values is a series that keeps its place in the segment. Said while there is no segment, it is not shown
  /// until it is said again.
  InfoFamily info(const InfoOptions& options, std::initializer_list<LabelPair> labels) noexcept;
  InfoFamily info(const InfoOptions& options, std::span<const LabelPair> labels) noexcept;

  Status status() const;

  class Impl;

 private:
  explicit Registry(Impl* impl) : impl_(impl) {}
  ~Registry() = default;
  // `caller_layout` is what the caller was compiled with; the library refuses callers of another.
  static Registry& GlobalOf(std::uint64_t caller_layout) noexcept;
  static Registry& OpenOf(const RegistryOptions& options, std::uint64_t caller_layout) noexcept;
  friend class RegistryTestPeer;

  Impl* impl_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_REGISTRY_H_
