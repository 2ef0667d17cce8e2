#ifndef SHMETRICS_CLIENT_LIB_BINDING_GAUGE_BINDING_H_
#define SHMETRICS_CLIENT_LIB_BINDING_GAUGE_BINDING_H_

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/binding/family_binding.h"
#include "shm/layout/layout.h"
#include "shm/workers/gauges.h"

namespace shmetrics::internal {

/// This process's value in one gauge series: finds its cell in this process's row of the segment in use,
/// again in a forked child and when the segment has been replaced. Never freed.
class GaugeBinding {
 public:
  /// A binding that is shown nowhere, for gauges that were refused.
  GaugeBinding() = default;
  GaugeBinding(FamilyBinding* family, std::span<const std::string_view> values);

  /// The one of these label values, made if it is new; detached_gauge() if they are refused. Never null.
  static GaugeBinding* Of(FamilyBinding* family, std::span<const std::string_view> values) noexcept;

  void Set(double value) noexcept;
  void Add(double delta) noexcept;
  /// Takes the value away: this process has no part in the series until the next set.
  void Clear() noexcept;
  /// Moves a value that this process has set to the segment in use now.
  void Follow() noexcept;

  bool IsFor(const FamilyBinding* family, std::span<const std::string_view> values) const noexcept;

  GaugeBinding* next = nullptr;  ///< in its bucket of the gauge table; set before it is published

 private:
  /// Where the cell is, for one process and one segment. Immutable, never freed: a new one is made only after
  /// a fork or a replaced segment.
  struct Bound {
    std::uint64_t generation;
    Attachment* attachment;
    shm::layout::GaugeCell* cell;
    shm::GaugeOrder order;
  };

  /// Changes the value, wherever it is, by change(cell, order), which fails if it has moved meanwhile.
  template <class Change>
  void Apply(Change change) noexcept;
  const Bound* Find() noexcept;
  const Bound* Bind(FamilyBinding& family, std::uint64_t generation) noexcept;
  static shm::layout::GaugeCell* CellIn(FamilyBinding& family, const FamilyBinding::Place& place) noexcept;
  shm::GaugeReading TakeValue(shm::layout::GaugeMode mode, const Bound* bound) noexcept;
  void DetachValue(shm::layout::GaugeMode mode, const Bound* bound) noexcept;

  FamilyBinding* const family_ = nullptr;
  const std::vector<std::string> values_{};
  std::atomic<const Bound*> bound_{nullptr};
  std::atomic<std::int64_t> retry_at_ns_{0};  ///< after a refusal, when to ask again
  /// Takes the value while there is no slot or segment for it.
  shm::layout::GaugeCell detached_{};
  std::atomic<std::uint64_t> detached_generation_{0};  ///< of the process that `detached_` belongs to
};

/// All gauge bindings of a registry, found by family and label values. Insert-only and lock-free, as Connection.
class GaugeTable {
 public:
  /// Null if memory is short, or if the binding would be new and the table has `max_size`.
  GaugeBinding* FindOrAdd(FamilyBinding* family, std::span<const std::string_view> values,
                          std::size_t max_size) noexcept;

  /// After a segment has been replaced: moves every gauge to the new one, also those that are never set again, and then
  /// gives back the slots in those left. Does nothing otherwise.
  void Follow(Connection& connection) noexcept;

 private:
  static constexpr std::size_t kBuckets = 4096;
  std::atomic<GaugeBinding*> heads_[kBuckets]{};
  std::atomic<std::size_t> size_{0};
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_GAUGE_BINDING_H_
