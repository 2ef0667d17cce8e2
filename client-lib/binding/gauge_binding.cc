#include "client-lib/binding/gauge_binding.h"

#include <algorithm>
#include <array>
#include <bit>
#include <exception>
#include <memory>
#include <new>
#include <utility>

#include "client-lib/binding/guarded.h"
#include "client-lib/binding/never_freed.h"
#include "shm/base/fork_guard.h"
#include "shm/base/out_of_memory.h"
#include "shm/base/text_hash.h"
#include "shm/segment/refusal.h"
#include "shmetrics/gauge.h"

namespace shmetrics::internal {
namespace {

using shm::layout::GaugeCell;
using shm::layout::GaugeMode;

constexpr std::int64_t kMoveAgainAfterNs = 1'000'000'000;
constexpr int kMaxAttempts = 16;
/// How many gauges are kept until there is a segment again. All others share one binding.
constexpr std::size_t kMaxWithoutSegment = 10'000;

template <std::size_t... Codes>
constexpr std::array<GaugeBinding, sizeof...(Codes)> RefusedGauges(std::index_sequence<Codes...>) {
  return {GaugeBinding{kErrorCodes[Codes]}...};
}

/// Shared, so that a flood of refused label sets does not grow this process.
GaugeBinding* RefusedGauge(ErrorCode code) noexcept {
  constinit static std::array gauges = RefusedGauges(std::make_index_sequence<kErrorCodes.size()>());
  return &gauges[static_cast<std::size_t>(code)];
}

}  // namespace

GaugeBinding* detached_gauge() noexcept {
  constinit static GaugeBinding binding;
  return &binding;
}

GaugeBinding::GaugeBinding(FamilyBinding* family, std::span<const std::string_view> values)
    : family_(family), values_(values.begin(), values.end()) {}

GaugeBinding* GaugeBinding::Of(FamilyBinding* family, std::span<const std::string_view> values,
                               std::optional<ErrorCode>* refusal) noexcept {
  std::optional<ErrorCode> why;
  const FamilyBinding::Place place = family->Find(values, &why);
  if (refusal != nullptr && why) *refusal = why;
  if (place.attachment != nullptr && place.series == nullptr)
    return RefusedGauge(why.value_or(ErrorCode::kCorrupt));
  GaugeBinding* binding =
      family->gauges().FindOrAdd(family, values, place.attachment == nullptr ? kMaxWithoutSegment : SIZE_MAX);
  if (binding != nullptr) return binding;
  if (!why) why = ErrorCode::kOutOfMemory;
  if (refusal != nullptr) *refusal = why;
  return RefusedGauge(*why);
}

bool GaugeBinding::IsFor(const FamilyBinding* family,
                         std::span<const std::string_view> values) const noexcept {
  return family == family_ && std::equal(values.begin(), values.end(), values_.begin(), values_.end());
}

template <class Change>
void GaugeBinding::Apply(Change change) noexcept {
  // Repeats only if another thread has moved the value. Bounded, because other processes may corrupt the
  // cells.
  for (int attempt = 0; attempt < kMaxAttempts; attempt++) {
    const Bound* bound = Find();
    if (bound != nullptr ? change(bound->cell, bound->order) : change(&detached_, DetachedOrder())) return;
    // Values are moved under this lock: once it is free, the value has arrived. Without this wait, a mover
    // that is preempted half-way could outlast all attempts, and the change would be lost.
    const shm::ForkGuard::Lock until_moved;
  }
}

shm::GaugeOrder GaugeBinding::DetachedOrder() const noexcept {
  return family_ == nullptr ? shm::GaugeOrder() : shm::GaugeOrder(family_->definition().gauge_mode);
}

void GaugeBinding::Set(double value) noexcept {
  Apply([value](GaugeCell* cell, const shm::GaugeOrder& order) { return shm::SetGauge(cell, value, order); });
}

void GaugeBinding::Add(double delta) noexcept {
  Apply(
      [delta](GaugeCell* cell, const shm::GaugeOrder& order) { return shm::AddToGauge(cell, delta, order); });
}

void GaugeBinding::Clear() noexcept {
  Apply([](GaugeCell* cell, const shm::GaugeOrder&) { return shm::ClearGauge(cell); });
}

void GaugeBinding::Follow() noexcept {
  const std::uint64_t generation = shm::ForkGuard::Generation();
  const Bound* bound = bound_.load(std::memory_order_acquire);  // pairs with Bind()
  if (family_ != nullptr && bound != nullptr && bound->generation == generation) Bind(*family_, generation);
}

/// Null if there is no place for the value now.
const GaugeBinding::Bound* GaugeBinding::Find() noexcept {
  if (family_ == nullptr) return nullptr;
  const Attachment* attachment = family_->connection().RefreshNowAndThen();
  const std::uint64_t generation = shm::ForkGuard::Generation();
  const Bound* bound = bound_.load(std::memory_order_acquire);  // pairs with Bind()
  const bool has_value = bound != nullptr && bound->generation == generation;
  if (has_value && bound->attachment == attachment) return bound;
  // After a refusal the value stays detached for a while. This holds only for a value that is already
  // detached: one that still shows in a replaced segment must be moved first, even if another thread was just
  // refused.
  const bool refused_lately =
      !has_value &&
      detached_generation_.load(std::memory_order_acquire) == generation &&  // pairs with Bind()
      CoarseNowNs() < retry_at_ns_.load(std::memory_order_relaxed);          // no order needed: a time
  if (refused_lately) return nullptr;
  const Bound* made = Bind(*family_, generation);
  // A process without a slot gets none in a segment that has lost its name. So look for the successor now, or
  // the value would not be shown until it is set again.
  const bool is_replaced = made == nullptr && family_->connection().Refresh() != attachment;
  return is_replaced ? Bind(*family_, generation) : made;
}

const GaugeBinding::Bound* GaugeBinding::Bind(FamilyBinding& family, std::uint64_t generation) noexcept {
  // Nothing here throws: the value must arrive somewhere.
  std::array<std::string_view, shm::layout::kMaxLabels + 1> values;
  const std::size_t count = std::min(values_.size(), values.size());
  std::copy_n(values_.begin(), count, values.begin());
  std::optional<ErrorCode> refusal;
  const FamilyBinding::Place place = family.Find({values.data(), count}, &refusal);
  const shm::ForkGuard::Lock lock;
  const Bound* old = bound_.load(std::memory_order_acquire);
  // The parent's value stays the parent's. A lost slot's cells belong to the process that has the slot now.
  if (old != nullptr && (old->generation != generation || old->attachment->has_lost_slot())) old = nullptr;
  // Another thread was faster, or the segment was replaced while this one waited. The next attempt of Apply()
  // sees that.
  const bool is_late = place.attachment != nullptr && place.attachment != family.connection().Current();
  if (old != nullptr && (is_late || old->attachment == place.attachment)) return old;
  if (detached_generation_.load(std::memory_order_acquire) != generation) {
    detached_ = GaugeCell{};
    detached_generation_.store(generation, std::memory_order_release);  // pairs with Find()
  }
  const GaugeMode mode = family.definition().gauge_mode;
  Result<GaugeCell*> cell = nullptr;
  if (place.attachment == nullptr || place.series == nullptr) {
    cell = Error{refusal.value_or(ErrorCode::kAbsent), ""};  // Find() has noted it
  } else if (!is_late) {
    cell = Guarded([&] { return CellIn(family, place); },
                   []() -> Result<GaugeCell*> { return shm::OutOfMemory(); });
  }
  const shm::GaugeOrder order =
      place.attachment == nullptr ? shm::GaugeOrder() : shm::GaugeOrder(*place.attachment->segment, mode);
  const Bound* made = nullptr;
  if (cell.ok() && !is_late) {
    made = new (std::nothrow) Bound{generation, place.attachment, cell.value(), order};
    if (made == nullptr) cell = shm::OutOfMemory();
  }
  if (!cell.ok()) {
    // no order needed: the value is detached behind both
    refusal_.store(cell.error().code, std::memory_order_relaxed);
    retry_at_ns_.store(CoarseNowNs() + kMoveAgainAfterNs,
                       std::memory_order_relaxed);  // no order needed: as above
  }
  if (!cell.ok() || is_late) {
    DetachValue(mode, old);
    return nullptr;
  }
  shm::PlaceGauge(cell.value(), TakeValue(mode, old), made->order);
  KeepNeverFreed(bound_.exchange(made, std::memory_order_acq_rel));  // pairs with Find()
  return made;
}

/// Takes the value from where it was: the cell of `bound`, or the detached one. The old place is marked as
/// moved, so that a concurrent change there fails and is repeated at the new place. Otherwise an add() before
/// the move and a sub() after it would not cancel out. A gauge of mode last belongs to the host and is only
/// copied.
shm::GaugeReading GaugeBinding::TakeValue(GaugeMode mode, const Bound* bound) noexcept {
  if (bound == nullptr) return shm::MoveGauge(&detached_);
  return mode == GaugeMode::kLast ? shm::ReadGauge(*bound->cell) : shm::MoveGauge(bound->cell);
}

/// Moves the value of `bound` to the detached cell until there is a place for it again.
void GaugeBinding::DetachValue(GaugeMode mode, const Bound* bound) noexcept {
  if (bound == nullptr) return;  // the value is already here
  const shm::GaugeReading value = TakeValue(mode, bound);
  const std::uint64_t kept[2] = {std::bit_cast<std::uint64_t>(value.value), value.ticket};
  std::uint64_t seen[2] = {0, shm::layout::kMovedTicket};  // since the value left for `bound`
  shm::CompareExchange16(&detached_, seen, kept);
  KeepNeverFreed(bound_.exchange(nullptr, std::memory_order_acq_rel));  // pairs with Find()
}

Result<GaugeCell*> GaugeBinding::CellIn(FamilyBinding& family, const FamilyBinding::Place& place) {
  const shm::Segment& segment = *place.attachment->segment;
  if (Result<void> binds = place.attachment->CheckBinds(); !binds.ok()) {
    family.refusals().Note(binds.error());
    return binds.error();
  }
  if (family.definition().gauge_mode == GaugeMode::kLast) return segment.At<GaugeCell>(place.series->cells);
  Result<shm::layout::WorkerSlot*> slot = place.attachment->slot.Hold();
  if (!slot.ok()) {
    // kAbsent is not a refusal: the segment has been replaced, and Find() looks for the next one.
    if (slot.error().code != ErrorCode::kAbsent) family.refusals().Note(slot.error());
    return slot.error();
  }
  Result<GaugeCell*> cell = place.attachment->gauges.CellOf(slot.value(), segment.RefOf(place.series));
  if (cell.ok()) return cell;
  family.refusals().Note(cell.error());
  if (const auto reason = shm::RefusalOf(cell.error().code)) segment.CountRefusal(*reason);
  return cell;
}

std::optional<ErrorCode> GaugeBinding::Refusal() const noexcept {
  if (is_refused_) return refusal_.load(std::memory_order_relaxed);  // no order needed: never changes
  const std::uint64_t generation = shm::ForkGuard::Generation();
  const Bound* bound = bound_.load(std::memory_order_acquire);  // pairs with Bind()
  if (bound != nullptr && bound->generation == generation) {
    return bound->attachment->Binds() ? std::nullopt : std::optional(ErrorCode::kAbsent);
  }
  if (detached_generation_.load(std::memory_order_acquire) != generation)
    return std::nullopt;                            // pairs with Bind()
  return refusal_.load(std::memory_order_relaxed);  // no order needed: the value was detached behind it
}

GaugeBinding* GaugeTable::FindOrAdd(FamilyBinding* family, std::span<const std::string_view> values,
                                    std::size_t max_size) noexcept try {
  shm::SipHash hash(shm::ProcessHashKey());
  hash.Add(reinterpret_cast<std::uintptr_t>(family));
  for (const std::string_view value : values) {
    hash.Add(std::uint64_t{value.size()});
    hash.Add(value);
  }
  const auto is_wanted = [&](const GaugeBinding& binding) { return binding.IsFor(family, values); };
  return bindings_.FindOrAdd(hash.Finish(), is_wanted, [&]() -> std::unique_ptr<GaugeBinding> {
    // no order needed: a rough bound on memory
    if (size_.load(std::memory_order_relaxed) >= max_size) return nullptr;
    auto made = std::make_unique<GaugeBinding>(family, values);
    size_.fetch_add(1, std::memory_order_relaxed);  // no order needed: as above
    return made;
  });
} catch (const std::exception&) {
  return nullptr;
}

// A gauge that moves may find the new segment replaced too, and then comes here again, as other threads do.
// Only one of them moves gauges; it does so until there is nothing left to move.
void GaugeTable::Follow(Connection& connection) noexcept {
  const std::uint64_t generation = shm::ForkGuard::Generation();
  while (connection.HasReplaced()) {
    // In a child, the parent's thread that was moving gauges does not exist.
    std::uint64_t mover = mover_.load(std::memory_order_acquire);  // pairs with the store below
    if (mover == generation || !mover_.compare_exchange_strong(mover, generation)) return;
    MoveAll(connection);
    mover_.store(0, std::memory_order_release);  // pairs with the load above
  }
}

void GaugeTable::MoveAll(Connection& connection) noexcept {
  Attachment* replaced = connection.TakeReplaced();
  if (replaced == nullptr) return;
  bindings_.ForEach([](GaugeBinding& binding) { binding.Follow(); });
  for (; replaced != nullptr; replaced = replaced->next_replaced) replaced->Leave();
}

}  // namespace shmetrics::internal
