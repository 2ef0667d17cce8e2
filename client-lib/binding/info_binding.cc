#include "client-lib/binding/info_binding.h"

#include "client-lib/binding/gauge_binding.h"

namespace shmetrics::internal {

void InfoBinding::Say(FamilyBinding* family, std::span<const std::string_view> values) noexcept {
  GaugeBinding* gauge = GaugeBinding::Of(family, values);
  GaugeBinding* former = said_.exchange(gauge);
  Settle(gauge);
  if (former != nullptr && former != gauge) Settle(former);
}

/// Shows the gauge if it is the one said now, else clears it. Threads may say different things at once. Each
/// checks again after it has touched a gauge, so the last one to touch it leaves it as said. Without that
/// check a late Clear() could leave no gauge shown.
void InfoBinding::Settle(GaugeBinding* gauge) noexcept {
  for (;;) {
    const bool is_said = said_.load() == gauge;
    if (is_said) {
      gauge->Set(1);
    } else {
      gauge->Clear();
    }
    if ((said_.load() == gauge) == is_said) return;
  }
}

}  // namespace shmetrics::internal
