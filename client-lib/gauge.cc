#include "shmetrics/gauge.h"

#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/gauge_binding.h"

namespace shmetrics {

void Gauge::set(double value) const noexcept { binding_->Set(value); }
void Gauge::add(double delta) const noexcept { binding_->Add(delta); }

GaugeFamily::GaugeFamily(internal::FamilyBinding* binding) noexcept
    : Family(binding),
      only_(binding->definition().label_names.empty() ? Gauge(internal::GaugeBinding::Of(binding, {}))
                                                      : Gauge()) {
  binding->Register();  // so that the family is known before its first series
}

Gauge GaugeFamily::with(std::span<const std::string_view> values) const noexcept {
  return Gauge(internal::GaugeBinding::Of(binding_, values));
}

}  // namespace shmetrics
