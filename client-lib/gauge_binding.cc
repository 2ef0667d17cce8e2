#include "client-lib/gauge_binding.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <new>

#include "shm/fork_guard.h"
#include "shmetrics/gauge.h"

namespace shmetrics::internal {
namespace {

using shm::layout::GaugeCell;
using shm::layout::GaugeMode;

constexpr std::int64_t kRetryAfterNs = 1'000'000'000;

void CountRefusal(const shm::Segment& segment, const Error& error) {
  if (error.code == ErrorCode::kSegmentFull) segment.CountRefusal(shm::layout::Refusal::kSegmentFull);
  if (error.code == ErrorCode::kOutOfMemory) segment.CountRefusal(shm::layout::Refusal::kOutOfMemory);
}

}  // namespace

GaugeBinding* detached_gauge() noexcept {
  constinit static GaugeBinding binding;
  return &binding;
}

GaugeBinding::GaugeBinding(FamilyBinding* family, std::span<const std::string_view> values)
    : family_(family), values_(values.begin(), values.end()) {}

bool GaugeBinding::IsFor(const FamilyBinding* family,
                         std::span<const std::string_view> values) const noexcept {
  return family == family_ && std::equal(values.begin(), values.end(), values_.begin(), values_.end());
}

void GaugeBinding::Set(double value) noexcept {
  if (const Bound* bound = Find()) {
    shm::SetGauge(bound->cell, value, bound->order);
  } else {
    shm::SetGauge(&detached_, value, shm::GaugeOrder());
  }
}

void GaugeBinding::Add(double delta) noexcept {
  if (const Bound* bound = Find()) {
    shm::AddToGauge(bound->cell, delta, bound->order);
  } else {
    shm::AddToGauge(&detached_, delta, shm::GaugeOrder());
  }
}

/// Null if there is no place for the value now.
const GaugeBinding::Bound* GaugeBinding::Find() noexcept {
  if (family_ == nullptr) return nullptr;
  const Attachment* attachment = family_->connection().RefreshNowAndThen();
  const std::uint64_t generation = shm::ForkGuard::Generation();
  const Bound* bound = bound_.load(std::memory_order_acquire);  // pairs with Bind()
  if (bound != nullptr && bound->generation == generation && bound->attachment == attachment) return bound;
  const bool refused_lately =
      detached_generation_.load(std::memory_order_acquire) == generation &&  // pairs with Bind()
      CoarseNowNs() < retry_at_ns_.load(std::memory_order_relaxed);          // no order needed: a time
  return refused_lately ? nullptr : Bind(generation);
}

const GaugeBinding::Bound* GaugeBinding::Bind(std::uint64_t generation) noexcept try {
  std::vector<std::string_view> values(values_.begin(), values_.end());
  const FamilyBinding::Place place = family_->Find(values);
  const shm::ForkGuard::Lock lock;
  const Bound* old = bound_.load(std::memory_order_acquire);
  if (old != nullptr && old->generation == generation && old->attachment == place.attachment) return old;
  if (detached_generation_.load(std::memory_order_acquire) !=
      generation) {  // ours for the first time: forget the parent's
    detached_ = GaugeCell{};
    detached_generation_.store(generation, std::memory_order_release);  // pairs with Find()
  }
  GaugeCell* cell = CellIn(place);
  if (cell == nullptr) {
    retry_at_ns_.store(CoarseNowNs() + kRetryAfterNs, std::memory_order_relaxed);  // no order needed: a time
    return nullptr;
  }
  const GaugeMode mode = family_->definition().gauge_mode;
  const auto* made =
      new Bound{generation, place.attachment, cell, shm::GaugeOrder(*place.attachment->segment, mode)};
  CarryOver(old, *made);
  bound_.store(made, std::memory_order_release);  // pairs with Find()
  return made;
} catch (const std::exception&) {
  return nullptr;
}

GaugeCell* GaugeBinding::CellIn(const FamilyBinding::Place& place) noexcept {
  if (place.series == nullptr) return nullptr;
  const shm::Segment& segment = *place.attachment->segment;
  if (family_->definition().gauge_mode == GaugeMode::kLast) return segment.At<GaugeCell>(place.series->cells);
  Result<shm::layout::WorkerSlot*> slot = place.attachment->slot.Hold();
  if (!slot.ok()) {
    family_->refusals().Note(slot.error());
    return nullptr;
  }
  Result<GaugeCell*> cell =
      shm::GaugeCellOf(segment, place.attachment->arena, slot.value(), segment.RefOf(place.series));
  if (cell.ok()) return cell.value();
  family_->refusals().Note(cell.error());
  CountRefusal(segment, cell.error());
  return nullptr;
}

/// A value outlives its segment, and the time it had no place: without this an add() before and a sub() after
/// would not meet. Not the parent's value in a child: that is the parent's.
void GaugeBinding::CarryOver(const Bound* old, const Bound& made) noexcept {
  if (shm::ReadGauge(*made.cell).ticket != 0) return;
  const bool has_old = old != nullptr && old->generation == made.generation;
  const shm::GaugeReading before = shm::ReadGauge(has_old ? *old->cell : detached_);
  if (before.ticket != 0) shm::SetGauge(made.cell, before.value, made.order);
}

GaugeBinding* GaugeTable::FindOrAdd(FamilyBinding* family, std::span<const std::string_view> values) noexcept
    try {
  std::size_t hash = std::hash<const void*>()(family);
  for (const std::string_view value : values) hash = hash * 31 + std::hash<std::string_view>()(value);
  std::atomic<GaugeBinding*>& head = heads_[hash % kBuckets];
  GaugeBinding* first = head.load(std::memory_order_acquire);  // pairs with the exchange below
  GaugeBinding* made = nullptr;
  for (GaugeBinding* searched = nullptr;;) {
    for (GaugeBinding* binding = first; binding != searched; binding = binding->next) {
      if (binding->IsFor(family, values)) {
        delete made;
        return binding;
      }
    }
    if (made == nullptr) made = new GaugeBinding(family, values);
    made->next = searched = first;
    if (head.compare_exchange_strong(first, made, std::memory_order_acq_rel)) return made;
  }
} catch (const std::exception&) {
  return nullptr;
}

}  // namespace shmetrics::internal
