#ifndef SHMETRICS_REGISTRY_H_
#define SHMETRICS_REGISTRY_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "shm/cells.h"
#include "shmetrics/counter.h"
#include "shmetrics/cxx_export.h"
#include "shmetrics/gauge.h"
#include "shmetrics/histogram.h"
#include "shmetrics/info.h"
#include "shmetrics/label_pair.h"
#include "shmetrics/lease.h"
#include "shmetrics/registry_options.h"
#include "shmetrics/result.h"

namespace shmetrics {

/// The refusals of one kind that this process has met.
struct RefusalStatus {
  ErrorCode code;
  std::uint64_t count;
  std::string first;  ///< the message of the first refusal
};

/// The state of a registry.
struct RegistryStatus {
  bool attached;  ///< true: to a segment; false: everything counts in private memory
  /// True if a limit was reached or memory ran out, and some label sets or gauges have no place.
  bool full;
  /// True if limits are decided within this process now (RegistryOptions::private_decisions).
  bool decides_privately;
  std::string segment;  ///< path
  /// Why the registry is not attached, or why a removed segment could not be replaced; empty if all is well.
  std::string error;
  ErrorCode error_code;                 ///< the code of `error`; meaningless if `error` is empty
  std::vector<RefusalStatus> refusals;  ///< of families, label sets and worker slots; one entry for each kind
  /// One line that names the variables of the environment that are set and ignored, because this program has
  /// more rights than its user; empty if there are none.
  std::string ignored_environment;
};

/// The start of everything: a process's connection to one segment, and the metric families in it. Families
/// and bound handles follow the Prometheus client libraries.
///
/// Every function is thread-safe and works in a forked child without any action. It never throws, never waits
/// for another process, and never ends the application, logs in it or harms it in another way. Without a
/// usable segment everything works and counts in private memory. Later registrations try the segment again,
/// at most once a second. A registry lives as long as its process.
///
/// Without memory. A call that cannot allocate does without, or its answer is kOutOfMemory. A counter or
/// histogram whose label set is new then counts in the family's overflow series. A family for which there is
/// no memory counts in private memory, and its error() says so. A registry for which there is none is the same
/// for all, attaches to nothing, and its status() says so. Ask again for each of them later.
///
/// pthread_cancel(). No call is a cancellation point: a request waits until the call is over. (So it is with
/// deferred cancellation, the default. A thread with PTHREAD_CANCEL_ASYNCHRONOUS must not call this library,
/// nor nearly any other.)
class SHMETRICS_CXX_EXPORT Registry {
 public:
  /// The registry of this process. The first use attaches to the segment, or makes it.
  static Registry& global() noexcept { return GlobalOf(shm::kCallerLayout); }

  /// Sets the options of global(). False, without effect, once global() has been used, and without memory for
  /// them.
  static bool configure(const RegistryOptions& options) noexcept;

  /// A registry on another segment, for programs that need several. Never freed: make few.
  static Registry& open(const RegistryOptions& options) noexcept {
    return OpenOf(options, shm::kCallerLayout);
  }

  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// Finds or registers a family. The same definition gives the same family. With another type, mode, label
  /// names or bounds, the result is a family that counts in private memory, and its error() names both
  /// definitions.
  CounterFamily counter(const FamilyOptions& options) noexcept;
  FractionalCounterFamily fractional_counter(const FamilyOptions& options) noexcept;
  GaugeFamily gauge(const FamilyOptions& options, GaugeMode mode = GaugeMode::sum) noexcept;
  HistogramFamily histogram(const FamilyOptions& options, const Buckets& bounds) noexcept;
  LeaseGaugeFamily lease_gauge(const FamilyOptions& options) noexcept;

  /// Publishes a fact about this process, for example its version: a series with these labels and the value
  /// 1. The series is shown while at least one living process says it. If the same process says it again with
  /// other values, they replace the former ones; other label names are refused. A forked child says nothing
  /// until it calls this itself.
  /// Call it at the start of a program: each set of values is a series that keeps its place in the segment.
  /// An info said without a segment is not shown until it is said again.
  InfoFamily info(const InfoOptions& options, std::initializer_list<LabelPair> labels) noexcept;
  InfoFamily info(const InfoOptions& options, std::span<const LabelPair> labels) noexcept;

  /// Without memory for the texts, they are empty, and `error` says so (kOutOfMemory).
  RegistryStatus status() const noexcept;

  /// Says that this process ends by itself, in every segment that it uses. Call it right before _exit(), or in
  /// the handler of a signal that ends the program. exit() and the end of main() say it without a call. A
  /// process that ends and has not said it counts in shmetrics_worker_exits_total as how="unknown", and in
  /// shmetrics_worker_losses_total if it held leases or showed gauges. Nothing else changes: gauges and leases
  /// go on until the process has ended. Async-signal-safe; does not speak for the parent of this process.
  static void announce_end() noexcept;

  class Impl;

 private:
  explicit Registry(Impl* impl) : impl_(impl) {}
  ~Registry() = default;
  // `caller_layout` is the layout the caller was compiled with. The library refuses callers of another
  // layout.
  static Registry& GlobalOf(std::uint64_t caller_layout) noexcept;
  static Registry& OpenOf(const RegistryOptions& options, std::uint64_t caller_layout) noexcept;
  friend class RegistryTestPeer;

  Impl* impl_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_REGISTRY_H_
