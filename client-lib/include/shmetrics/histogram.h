#ifndef SHMETRICS_HISTOGRAM_H_
#define SHMETRICS_HISTOGRAM_H_

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "shm/cells.h"
#include "shmetrics/counter.h"
#include "shmetrics/cxx_export.h"
#include "shmetrics/family.h"

namespace shmetrics {

/// Upper bounds of a histogram's buckets: 1 to 255, finite, increasing. One more bucket, above the last
/// bound, is implied.
using Buckets = std::vector<double>;

namespace buckets {

/// `count` bounds: start, start + width, start + 2 width, … Without memory for them none, which a registry
/// refuses.
SHMETRICS_CXX_EXPORT Buckets linear(double start, double width, std::uint32_t count) noexcept;
/// `count` bounds: start, start * factor, start * factor^2, … Without memory as linear().
SHMETRICS_CXX_EXPORT Buckets exponential(double start, double factor, std::uint32_t count) noexcept;

}  // namespace buckets

class SHMETRICS_CXX_EXPORT HistogramFamily;

/// A handle to one histogram series, shared by all processes. Trivially copyable; works for the life of the
/// process and in forked children. A process's observations stay when it dies.
///
/// observe() is thread-safe, fork-safe and async-signal-safe. It never fails and never waits. Count and sum
/// of a bucket change together, so they agree even if the process is killed in the middle.
///
/// Not for a child that shares its parent's memory until it calls exec(), as after vfork(): its observations
/// may be lost.
class Histogram {
 public:
  /// A handle that counts nowhere until one from HistogramFamily::with() is assigned to it.
  Histogram() noexcept = default;

  /// Counts `value` in the bucket with the smallest bound that is not below it. NaN counts above all bounds.
  /// NaN and infinities are not added to the sum, because they would spoil it for good. A sum that passes the
  /// largest double is shown as the largest double from then on.
  void observe(double value) const noexcept { shm::ObserveInHistogram(column_, *buckets_, value); }

  /// Observes `value` and makes the labels the exemplar of its bucket: what led to the latest observation
  /// there, for example {{"trace_id", "4bf92f35"}}. OpenMetrics shows it after the bucket's count.
  ///
  /// Names and values together have at most 128 characters, and at most 216 bytes as a label block. The
  /// observation always counts. The exemplar is dropped, and the segment counts that, if it breaks these
  /// rules, if its value is not finite, or if the segment has no room for it. It is also dropped without a
  /// segment, and while another thread or process stores one in the same bucket. The first exemplar of a
  /// series takes 256 bytes for each of its buckets.
  ///
  /// Never waits. Safe in forked children, not in signal handlers. Costs a few hundred nanoseconds, about 30
  /// times an observe() without an exemplar.
  void observe(double value, std::initializer_list<LabelPair> exemplar) const noexcept {
    observe(value, std::span<const LabelPair>(exemplar.begin(), exemplar.size()));
  }
  void observe(double value, std::span<const LabelPair> exemplar) const noexcept {
    observe(value);
    internal::keep_exemplar(series_, *buckets_, value, exemplar.data(), exemplar.size());
  }

 private:
  friend class HistogramFamily;
  Histogram(shm::Column<shm::HistogramCell> column, const shm::BucketIndex* buckets, void* series) noexcept
      : column_(column), buckets_(buckets), series_(series) {}

  shm::Column<shm::HistogramCell> column_{reinterpret_cast<shm::HistogramCell*>(internal::detached_cells()),
                                          0};
  const shm::BucketIndex* buckets_ = &shm::kNoBuckets;  ///< the family's, never freed
  void* series_ = nullptr;                              ///< for exemplars; null if there is none
};
static_assert(std::is_trivially_copyable_v<Histogram>);

/// Observes, on destruction, how many seconds it has lived. For use by one thread.
class ScopedTimer {
 public:
  explicit ScopedTimer(Histogram histogram) noexcept
      : histogram_(histogram), start_(std::chrono::steady_clock::now()) {}
  ~ScopedTimer() {
    histogram_.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  }
  ScopedTimer(const ScopedTimer&) = delete;
  ScopedTimer& operator=(const ScopedTimer&) = delete;

 private:
  Histogram histogram_;
  std::chrono::steady_clock::time_point start_;
};

/// A family of histograms with the same bounds.
class SHMETRICS_CXX_EXPORT HistogramFamily : public Family {
 public:
  /// Like CounterFamily::with().
  Histogram with(std::initializer_list<std::string_view> values) const noexcept {
    return with(std::span<const std::string_view>(values.begin(), values.size()));
  }
  Histogram with(std::span<const std::string_view> values) const noexcept;

  /// For a family without labels: like Histogram::observe(). On a family with labels this counts nowhere.
  void observe(double value) const noexcept { only_.observe(value); }
  void observe(double value, std::initializer_list<LabelPair> exemplar) const noexcept {
    only_.observe(value, exemplar);
  }
  void observe(double value, std::span<const LabelPair> exemplar) const noexcept {
    only_.observe(value, exemplar);
  }

 private:
  friend class Registry;
  explicit HistogramFamily(internal::FamilyBinding* binding) noexcept;
  Histogram only_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_HISTOGRAM_H_
