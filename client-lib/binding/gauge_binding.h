#ifndef SHMETRICS_CLIENT_LIB_BINDING_GAUGE_BINDING_H_
#define SHMETRICS_CLIENT_LIB_BINDING_GAUGE_BINDING_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/hash_tree.h"
#include "shm/layout/layout.h"
#include "shm/workers/gauges.h"

namespace shmetrics::internal {

/// This process's value in one gauge series. Finds its cell in this process's row of the segment in use, and
/// finds it again in a forked child and after the segment was replaced. Never freed.
class GaugeBinding {
 public:
  /// A binding that is shown nowhere, for handles that nobody has asked for.
  constexpr GaugeBinding() = default;
  /// The same, for gauges that were refused: it says why.
  constexpr explicit GaugeBinding(ErrorCode refusal) : is_refused_(true), refusal_(refusal) {}
  GaugeBinding(FamilyBinding* family, std::span<const std::string_view> values);

  /// The binding of these label values; makes a new one. If they are refused, one that all share who are
  /// refused for this reason. Never null. `refusal` as for FamilyBinding::Find().
  static GaugeBinding* Of(FamilyBinding* family, std::span<const std::string_view> values,
                          std::optional<ErrorCode>* refusal = nullptr) noexcept;

  void Set(double value) noexcept;
  void Add(double delta) noexcept;
  /// Removes the value: this process does not take part in the series until the next set.
  void Clear() noexcept;
  /// Moves a value that this process has set to the segment in use now.
  void Follow() noexcept;

  /// Why no scrape shows the value of this process; nothing if one does, or if it was never set. Always tells
  /// for a gauge that was refused.
  std::optional<ErrorCode> Refusal() const noexcept;

  bool IsFor(const FamilyBinding* family, std::span<const std::string_view> values) const noexcept;

  using Tree = HashTree<GaugeBinding, 4096>;
  Tree::Links tree;  ///< in the gauge table

 private:
  /// Where the cell is, for one process and one segment. Immutable and never freed: a new one is made only
  /// after a fork or a replaced segment.
  struct Bound {
    std::uint64_t generation;
    Attachment* attachment;
    shm::layout::GaugeCell* cell;
    shm::GaugeOrder order;
  };

  /// Applies change(cell, order) to the value, wherever it is. `change` returns false if the value has moved
  /// meanwhile.
  template <class Change>
  void Apply(Change change) noexcept;
  /// The order of sets while the value is detached.
  shm::GaugeOrder DetachedOrder() const noexcept;
  const Bound* Find() noexcept;
  const Bound* Bind(FamilyBinding& family, std::uint64_t generation) noexcept;
  /// Throws std::bad_alloc.
  static Result<shm::layout::GaugeCell*> CellIn(FamilyBinding& family, const FamilyBinding::Place& place);
  shm::GaugeReading TakeValue(shm::layout::GaugeMode mode, const Bound* bound) noexcept;
  void DetachValue(shm::layout::GaugeMode mode, const Bound* bound) noexcept;

  FamilyBinding* const family_ = nullptr;
  const bool is_refused_ = false;
  const std::vector<std::string> values_{};
  std::atomic<const Bound*> bound_{nullptr};
  std::atomic<std::int64_t> retry_at_ns_{0};  ///< when to ask again after a refusal
  std::atomic<ErrorCode> refusal_{};          ///< the last one; written before the value is detached
  /// Holds the value while it has no slot or segment.
  shm::layout::GaugeCell detached_{};
  std::atomic<std::uint64_t> detached_generation_{0};  ///< of the process that owns `detached_`
};

/// All gauge bindings of a registry, by family and label values.
class GaugeTable {
 public:
  /// Null if memory is short, or if the binding is new and the table already has `max_size`.
  GaugeBinding* FindOrAdd(FamilyBinding* family, std::span<const std::string_view> values,
                          std::size_t max_size) noexcept;

  /// After a segment was replaced: moves every gauge to the new segment, even one that is never set again,
  /// then gives back the slots in the old segments. Otherwise does nothing.
  void Follow(Connection& connection) noexcept;

 private:
  void MoveAll(Connection& connection) noexcept;

  GaugeBinding::Tree bindings_;
  std::atomic<std::size_t> size_{0};
  /// The generation of the process in which a thread moves gauges; 0: none does. Writer: that thread.
  std::atomic<std::uint64_t> mover_{0};
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_GAUGE_BINDING_H_
