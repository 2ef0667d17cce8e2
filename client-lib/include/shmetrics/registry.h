#ifndef SHMETRICS_REGISTRY_H_
#define SHMETRICS_REGISTRY_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "shm/cells.h"
#include "shmetrics/counter.h"
#include "shmetrics/export.h"
#include "shmetrics/gauge.h"
#include "shmetrics/histogram.h"
#include "shmetrics/info.h"
#include "shmetrics/label_pair.h"
#include "shmetrics/lease.h"
#include "shmetrics/registry_options.h"
#include "shmetrics/result.h"

namespace shmetrics {

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
