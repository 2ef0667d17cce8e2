#include "client-lib/binding/family_binding.h"

#include <utility>

#include "client-lib/binding/gauge_binding.h"
#include "client-lib/binding/guarded.h"
#include "client-lib/binding/never_freed.h"
#include "shm/base/out_of_memory.h"

namespace shmetrics::internal {
namespace {

constexpr std::int64_t kRegisterAgainAfterNs = 1'000'000'000;

/// True for refusals that may end by themselves, when memory is freed or a descriptor closed.
bool MayPass(const Error& error) {
  return error.code == ErrorCode::kOutOfMemory || error.code == ErrorCode::kUnknown;
}

}  // namespace

bool FamilyBinding::MayRegisterAgain(const Registration& refused) const noexcept {
  // no order needed: a time
  return MayPass(refused.error) && CoarseNowNs() >= retry_at_ns_.load(std::memory_order_relaxed);
}

/// The registration in the segment in use. Registers now if there is none, or if memory was short the last
/// time and a second has passed.
const Registration* FamilyBinding::Current() noexcept {
  const Registration* registration =
      registration_.load(std::memory_order_acquire);  // pairs with RegisterNow()
  if (registration != nullptr && registration->attachment == connection_.Current() &&
      registration->attachment != nullptr && (registration->family || !MayRegisterAgain(*registration))) {
    return registration;
  }
  return RegisterNow();
}

const Registration* FamilyBinding::RegisterNow() noexcept {
  return Guarded([this] { return TryRegister(); },
                 [this]() -> const Registration* {
                   NoteNoMemory();
                   return nullptr;
                 });
}

const Registration* FamilyBinding::TryRegister() {
  Attachment* attachment = connection_.Refresh();
  const Registration* old = registration_.load(std::memory_order_acquire);
  if (attachment == nullptr) return old;  // Current() will try again
  if (old != nullptr && old->attachment == attachment && (old->family || !MayRegisterAgain(*old))) return old;
  Result<shm::RegisteredFamily> family = attachment->directory.RegisterFamily(definition_);
  if (!family.ok()) {
    refusals_.Note(family.error());
    // no order needed: as above
    retry_at_ns_.store(CoarseNowNs() + kRegisterAgainAfterNs, std::memory_order_relaxed);
  }
  const bool as_before = old != nullptr && old->attachment == attachment && !family.ok() &&
                         old->error.code == family.error().code;
  if (as_before) return old;
  const auto* made = family.ok() ? new Registration{attachment, std::move(family.value()), {}}
                                 : new Registration{attachment, std::nullopt, family.error()};
  // pairs with the acquire in Current()
  KeepNeverFreed(registration_.exchange(made, std::memory_order_acq_rel));
  gauges_.Follow(connection_);
  return made;
}

void FamilyBinding::NoteNoMemory() const noexcept {
  refusals_.Note(shm::OutOfMemory());
  if (const Attachment* attachment = connection_.Current())
    attachment->segment->CountRefusal(shm::layout::Refusal::kOutOfMemory);
}

const Registration* FamilyBinding::Registered() noexcept {
  connection_.RefreshToDecide();
  const Registration* registration = Current();
  return registration == nullptr || registration->attachment == nullptr ? nullptr : registration;
}

FamilyBinding::Place FamilyBinding::Nowhere(const Registration* registration,
                                            std::optional<ErrorCode>* refusal) const noexcept {
  if (refusal == nullptr) return {};
  if (registration != nullptr) {
    *refusal = registration->error.code;
  } else {
    // Without an error it is attached, but there was no memory for a Registration.
    *refusal = Guarded([this] { return connection_.error().value_or(shm::OutOfMemory()).code; },
                       [] { return ErrorCode::kOutOfMemory; });
  }
  return {};
}

FamilyBinding::Place FamilyBinding::Find(std::span<const std::string_view> values,
                                         std::optional<ErrorCode>* refusal) noexcept {
  const Registration* registration = Current();
  if (registration == nullptr || !registration->family) return Nowhere(registration, refusal);
  const shm::SeriesSearch search = registration->attachment->directory.Search(*registration->family, values);
  if (search.series != nullptr && IsShown(*search.series)) [[likely]]
    return {registration->attachment, search.series};
  return RegisterSeries(registration, values, search, refusal);
}

FamilyBinding::Place FamilyBinding::RegisterSeries(const Registration* registration,
                                                   std::span<const std::string_view> values,
                                                   const shm::SeriesSearch& search,
                                                   std::optional<ErrorCode>* refusal) noexcept {
  return Guarded([&] { return TryRegisterSeries(registration, values, search, refusal); },
                 [&] {
                   NoteNoMemory();
                   if (refusal != nullptr) *refusal = ErrorCode::kOutOfMemory;
                   auto* overflow = registration->attachment->directory.OverflowSeries(*registration->family);
                   // A gauge has none, and finds its series when it is set.
                   return overflow == nullptr ? Place{} : Place{registration->attachment, overflow};
                 });
}

FamilyBinding::Place FamilyBinding::TryRegisterSeries(const Registration* registration,
                                                      std::span<const std::string_view> values,
                                                      const shm::SeriesSearch& search,
                                                      std::optional<ErrorCode>* refusal) {
  // A new series is the moment to check if the segment has been replaced.
  const Registration* searched = registration;
  if (connection_.Refresh() != registration->attachment) registration = Current();
  if (registration == nullptr || !registration->family) return Nowhere(registration, refusal);
  shm::Directory& directory = registration->attachment->directory;
  // The search says nothing about another segment.
  Result<shm::layout::SeriesRecord*> series =
      registration->attachment == searched->attachment
          ? directory.RegisterSeries(*registration->family, values, search)
          : directory.RegisterSeries(*registration->family, values);
  if (series.ok()) return {registration->attachment, series.value()};
  refusals_.Note(series.error());
  if (refusal != nullptr) *refusal = series.error().code;
  return {registration->attachment, directory.OverflowSeries(*registration->family)};
}

bool FamilyBinding::Remove(std::span<const std::string_view> values) noexcept {
  const Registration* registration = Current();
  return registration != nullptr && registration->family &&
         registration->attachment->directory.RemoveSeries(*registration->family, values);
}

bool FamilyBinding::IsRegistered() noexcept {
  const Registration* registration = Current();
  return registration != nullptr && registration->family;
}

std::optional<Error> FamilyBinding::Register() noexcept {
  const Registration* registration = Current();
  if (registration != nullptr && registration->family) return std::nullopt;
  return Guarded(
      [&]() -> std::optional<Error> {
        if (registration != nullptr) return registration->error;
        // Attached all the same: then there was no memory for a registration.
        return connection_.error().value_or(shm::OutOfMemory());
      },
      []() -> std::optional<Error> { return shm::OutOfMemory(); });
}

}  // namespace shmetrics::internal
