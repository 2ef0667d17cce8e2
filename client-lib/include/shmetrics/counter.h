#ifndef SHMETRICS_COUNTER_H_
#define SHMETRICS_COUNTER_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>

#include "shm/cells.h"
#include "shmetrics/cxx_export.h"
#include "shmetrics/family.h"
#include "shmetrics/label_pair.h"

namespace shmetrics {

namespace internal {
/// Cells of this process that nobody reads, for handles without a place in a segment.
SHMETRICS_CXX_EXPORT std::uint64_t* detached_cells() noexcept;
/// Stores the exemplar of a value that was counted in a series. Null: in none. Counters pass kNoBuckets.
SHMETRICS_CXX_EXPORT void keep_exemplar(void* series, const shm::BucketIndex& buckets, double value,
                                        const LabelPair* labels, std::size_t label_count) noexcept;
}  // namespace internal

class SHMETRICS_CXX_EXPORT CounterFamily;
class SHMETRICS_CXX_EXPORT FractionalCounterFamily;

/// A handle to one counter series, shared by all processes. Trivially copyable. Take it once and keep it: it
/// works for the life of the process and in forked children, whatever happens to the registry. A handle taken
/// without a segment counts in private memory for good: take it again.
///
/// Counts up to 2^64 - 1 and then wraps to 0. A process's counts stay when it dies.
///
/// inc() is thread-safe, fork-safe and async-signal-safe. It never fails and never waits. It is inline: where
/// the thread has restartable sequences (glibc 2.35 sets them up) it costs little more than a plain addition,
/// elsewhere one locked addition.
///
/// Not for a child that shares its parent's memory until it calls exec(), as after vfork(): its increments
/// may be lost.
class Counter {
 public:
  /// A handle that counts nowhere until one from CounterFamily::with() is assigned to it.
  Counter() noexcept : column_{internal::detached_cells(), 0} {}

  void inc() const noexcept { shm::AddToCounter(column_, 1); }
  /// Adds n. A counter only rises: a negative n changes nothing.
  template <std::integral Integer>
  void inc(Integer n) const noexcept {
    if constexpr (std::is_signed_v<Integer>) {
      if (n < 0) return;
    }
    shm::AddToCounter(column_, static_cast<std::uint64_t>(n));
  }
  /// Fractions need a FractionalCounter.
  template <std::floating_point Fraction>
  void inc(Fraction n) const = delete;

  /// Adds n and makes the labels the exemplar of the series: what led to the latest increment, for example a
  /// trace. The rules are those of Histogram::observe() with an exemplar.
  template <std::integral Integer>
  void inc(Integer n, std::initializer_list<LabelPair> exemplar) const noexcept {
    inc(n, std::span<const LabelPair>(exemplar.begin(), exemplar.size()));
  }
  template <std::integral Integer>
  void inc(Integer n, std::span<const LabelPair> exemplar) const noexcept {
    if constexpr (std::is_signed_v<Integer>) {
      if (n < 0) return;
    }
    inc(n);
    internal::keep_exemplar(series_, shm::kNoBuckets, static_cast<double>(n), exemplar.data(),
                            exemplar.size());
  }

 private:
  friend class CounterFamily;
  Counter(shm::Column<std::uint64_t> column, void* series) noexcept : column_(column), series_(series) {}

  shm::Column<std::uint64_t> column_;
  void* series_ = nullptr;  ///< for exemplars; null if there is none
};
static_assert(std::is_trivially_copyable_v<Counter>);

/// A handle to one counter series that takes fractions, for example of seconds or minutes. Otherwise like
/// Counter.
class FractionalCounter {
 public:
  FractionalCounter() noexcept : column_{internal::detached_cells(), 0} {}

  /// Adds n. Negative numbers, NaN and infinities change nothing. A total that passes the largest double is
  /// shown as the largest double from then on.
  void inc(double n = 1.0) const noexcept {
    if (shm::IsFinite(n) && n >= 0) shm::AddToFractionalCounter(column_, n);
  }
  /// Like Counter::inc() with an exemplar.
  void inc(double n, std::initializer_list<LabelPair> exemplar) const noexcept {
    inc(n, std::span<const LabelPair>(exemplar.begin(), exemplar.size()));
  }
  void inc(double n, std::span<const LabelPair> exemplar) const noexcept {
    if (!shm::IsFinite(n) || n < 0) return;
    inc(n);
    internal::keep_exemplar(series_, shm::kNoBuckets, n, exemplar.data(), exemplar.size());
  }

 private:
  friend class FractionalCounterFamily;
  FractionalCounter(shm::Column<std::uint64_t> column, void* series) noexcept
      : column_(column), series_(series) {}

  shm::Column<std::uint64_t> column_;
  void* series_ = nullptr;  ///< as in Counter
};
static_assert(std::is_trivially_copyable_v<FractionalCounter>);

/// A family of counters.
class SHMETRICS_CXX_EXPORT CounterFamily : public Family {
 public:
  /// The series with these label values, in the order of FamilyOptions::labels. It is registered if it is new
  /// on this host. Looking up a known one costs some tens of nanoseconds and takes no lock; keep the handle
  /// where that matters.
  Counter with(std::initializer_list<std::string_view> values) const noexcept {
    return with(std::span<const std::string_view>(values.begin(), values.size()));
  }
  Counter with(std::span<const std::string_view> values) const noexcept;

  /// For a family without labels: adds to its only series. On a family with labels this counts nowhere.
  void inc() const noexcept { only_.inc(); }
  template <std::integral Integer>
  void inc(Integer n) const noexcept {
    only_.inc(n);
  }
  template <std::floating_point Fraction>
  void inc(Fraction n) const = delete;
  template <std::integral Integer>
  void inc(Integer n, std::initializer_list<LabelPair> exemplar) const noexcept {
    only_.inc(n, exemplar);
  }
  template <std::integral Integer>
  void inc(Integer n, std::span<const LabelPair> exemplar) const noexcept {
    only_.inc(n, exemplar);
  }

 private:
  friend class Registry;
  explicit CounterFamily(internal::FamilyBinding* binding) noexcept;
  Counter only_;
};

/// A family of counters that take fractions.
class SHMETRICS_CXX_EXPORT FractionalCounterFamily : public Family {
 public:
  /// Like CounterFamily::with().
  FractionalCounter with(std::initializer_list<std::string_view> values) const noexcept {
    return with(std::span<const std::string_view>(values.begin(), values.size()));
  }
  FractionalCounter with(std::span<const std::string_view> values) const noexcept;

  /// Like CounterFamily::inc().
  void inc(double n = 1.0) const noexcept { only_.inc(n); }
  void inc(double n, std::initializer_list<LabelPair> exemplar) const noexcept { only_.inc(n, exemplar); }
  void inc(double n, std::span<const LabelPair> exemplar) const noexcept { only_.inc(n, exemplar); }

 private:
  friend class Registry;
  explicit FractionalCounterFamily(internal::FamilyBinding* binding) noexcept;
  FractionalCounter only_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_COUNTER_H_
