#include "client-lib/binding/family_binding.h"

#include <exception>
#include <utility>

#include "client-lib/binding/gauge_binding.h"
#include "client-lib/binding/never_freed.h"

namespace shmetrics::internal {
namespace {

/// True for refusals that may end by themselves, when memory is freed or a descriptor closed.
bool MayPass(const Error& error) {
  return error.code == ErrorCode::kOutOfMemory || error.code == ErrorCode::kUnknown;
}

}  // namespace

/// The registration in the segment in use. Registers now if there is none, or if memory was short the last
/// time.
const Registration* FamilyBinding::Current() noexcept {
  const Registration* registration =
      registration_.load(std::memory_order_acquire);  // pairs with RegisterNow()
  if (registration != nullptr && registration->attachment == connection_.Current() &&
      registration->attachment != nullptr && (registration->family || !MayPass(registration->error))) {
    return registration;
  }
  return RegisterNow();
}

const Registration* FamilyBinding::RegisterNow() noexcept try {
  Attachment* attachment = connection_.Refresh();
  const Registration* old = registration_.load(std::memory_order_acquire);
  if (attachment == nullptr) return old;  // Current() will try again
  if (old != nullptr && old->attachment == attachment && (old->family || !MayPass(old->error))) return old;
  Result<shm::RegisteredFamily> family = attachment->directory.RegisterFamily(definition_);
  if (!family.ok()) refusals_.Note(family.error());
  const bool as_before = old != nullptr && old->attachment == attachment && !family.ok() &&
                         old->error.code == family.error().code;
  if (as_before) return old;
  const auto* made = family.ok() ? new Registration{attachment, std::move(family.value()), {}}
                                 : new Registration{attachment, std::nullopt, family.error()};
  // pairs with the acquire in Current()
  KeepNeverFreed(registration_.exchange(made, std::memory_order_acq_rel));
  gauges_.Follow(connection_);
  return made;
} catch (const std::exception&) {
  return nullptr;
}

const Registration* FamilyBinding::Registered() noexcept {
  connection_.RefreshToDecide();
  const Registration* registration = Current();
  return registration == nullptr || registration->attachment == nullptr ? nullptr : registration;
}

FamilyBinding::Place FamilyBinding::Nowhere(const Registration* registration,
                                            std::optional<ErrorCode>* refusal) const {
  if (refusal == nullptr) return {};
  if (registration != nullptr) {
    *refusal = registration->error.code;
  } else {
    const std::optional<Error> why = connection_.error();
    *refusal = why ? why->code : ErrorCode::kOutOfMemory;  // attached, but no room for a Registration
  }
  return {};
}

FamilyBinding::Place FamilyBinding::Find(std::span<const std::string_view> values,
                                         std::optional<ErrorCode>* refusal) noexcept try {
  const Registration* registration = Current();
  if (registration == nullptr || !registration->family) return Nowhere(registration, refusal);
  const shm::SeriesSearch search = registration->attachment->directory.Search(*registration->family, values);
  if (search.series != nullptr && IsShown(*search.series)) [[likely]]
    return {registration->attachment, search.series};
  return RegisterSeries(registration, values, search, refusal);
} catch (const std::exception&) {
  if (refusal != nullptr) *refusal = ErrorCode::kOutOfMemory;
  return {};
}

FamilyBinding::Place FamilyBinding::RegisterSeries(const Registration* registration,
                                                   std::span<const std::string_view> values,
                                                   const shm::SeriesSearch& search,
                                                   std::optional<ErrorCode>* refusal) noexcept try {
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
} catch (const std::exception&) {
  if (refusal != nullptr) *refusal = ErrorCode::kOutOfMemory;
  return {};
}

bool FamilyBinding::Remove(std::span<const std::string_view> values) noexcept {
  const Registration* registration = Current();
  return registration != nullptr && registration->family &&
         registration->attachment->directory.RemoveSeries(*registration->family, values);
}

std::optional<Error> FamilyBinding::Register() noexcept {
  const Registration* registration = Current();
  if (registration == nullptr) return connection_.error();
  return registration->family ? std::nullopt : std::optional(registration->error);
}

}  // namespace shmetrics::internal
