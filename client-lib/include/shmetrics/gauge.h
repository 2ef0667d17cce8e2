#ifndef SHMETRICS_GAUGE_H_
#define SHMETRICS_GAUGE_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>

#include "shmetrics/cxx_export.h"
#include "shmetrics/family.h"

namespace shmetrics {

/// How the values of several workers are combined. All modes but `last` use living workers only: a worker's
/// values are gone from the first scrape after its death, however it died. A worker that never set a series
/// does not take part in it.
enum class GaugeMode : std::uint8_t {
  sum = 1,          ///< the sum over all workers
  min = 2,          ///< the smallest; NaN only if all values are
  max = 3,          ///< the largest; NaN only if all values are
  most_recent = 4,  ///< the value set last
  per_worker = 5,   ///< one series for each, with a label `worker` (the number of its slot)
  last = 6,         ///< the value set last, by a living or dead worker: it belongs to the host
};

namespace internal {
class GaugeBinding;
SHMETRICS_CXX_EXPORT GaugeBinding* detached_gauge() noexcept;
}  // namespace internal

class SHMETRICS_CXX_EXPORT GaugeFamily;

/// A handle to this process's value in one gauge series. Trivially copyable; works for the life of the
/// process. In a forked child it means the child's own value, which does not exist until the child sets it.
///
/// Thread-safe and fork-safe. Not async-signal-safe: the first set in a process claims its worker slot with a
/// few system calls. If another thread is forking just then, it waits for that, for a second at most. Later
/// sets cost some tens of nanoseconds. Every double is a value, also NaN and the infinities.
class SHMETRICS_CXX_EXPORT Gauge {
 public:
  /// A handle that is shown nowhere until one from GaugeFamily::with() is assigned to it.
  Gauge() noexcept : binding_(internal::detached_gauge()) {}

  void set(double value) const noexcept;
  /// Adds to this process's value, which counts as 0 before its first set.
  void add(double delta) const noexcept;
  void sub(double delta) const noexcept { add(-delta); }

 private:
  friend class GaugeFamily;
  explicit Gauge(internal::GaugeBinding* binding) noexcept : binding_(binding) {}

  internal::GaugeBinding* binding_;
};
static_assert(std::is_trivially_copyable_v<Gauge>);

/// A family of gauges.
class SHMETRICS_CXX_EXPORT GaugeFamily : public Family {
 public:
  /// The series with these label values. Costs a look-up in the segment and one in this process.
  Gauge with(std::initializer_list<std::string_view> values) const noexcept {
    return with(std::span<const std::string_view>(values.begin(), values.size()));
  }
  Gauge with(std::span<const std::string_view> values) const noexcept;

  /// For a family without labels: like the functions of Gauge. On a family with labels these are shown
  /// nowhere.
  void set(double value) const noexcept { only_.set(value); }
  void add(double delta) const noexcept { only_.add(delta); }
  void sub(double delta) const noexcept { only_.sub(delta); }

 private:
  friend class Registry;
  explicit GaugeFamily(internal::FamilyBinding* binding) noexcept;
  Gauge only_;
};

}  // namespace shmetrics

#endif  // SHMETRICS_GAUGE_H_
