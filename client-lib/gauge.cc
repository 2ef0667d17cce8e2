#include "shmetrics/gauge.h"

#include "client-lib/family_binding.h"
#include "client-lib/gauge_binding.h"

namespace shmetrics {
namespace {

/// Gauges kept for the time when there is a segment again; more than that share one binding.
constexpr std::size_t kMaxWithoutSegment = 10'000;

internal::GaugeBinding* BindingOf(internal::FamilyBinding* family,
                                  std::span<const std::string_view> values) noexcept {
  const internal::FamilyBinding::Place place = family->Find(values);
  // Refused label sets share one binding: a flood of them must not grow this process.
  if (place.attachment != nullptr && place.series == nullptr) return internal::detached_gauge();
  internal::GaugeBinding* binding =
      family->gauges().FindOrAdd(family, values, place.attachment == nullptr ? kMaxWithoutSegment : SIZE_MAX);
  return binding == nullptr ? internal::detached_gauge() : binding;
}

}  // namespace

void Gauge::set(double value) const noexcept { binding_->Set(value); }
void Gauge::add(double delta) const noexcept { binding_->Add(delta); }

GaugeFamily::GaugeFamily(internal::FamilyBinding* binding) noexcept
    : Family(binding),
      only_(binding->definition().label_names.empty() ? Gauge(BindingOf(binding, {})) : Gauge()) {
  binding->error();  // registers it now, so that the family is known before its first series
}

Gauge GaugeFamily::with(std::initializer_list<std::string_view> values) const noexcept {
  return Gauge(BindingOf(binding_, {values.begin(), values.size()}));
}

Gauge GaugeFamily::with(std::span<const std::string_view> values) const noexcept {
  return Gauge(BindingOf(binding_, values));
}

}  // namespace shmetrics
