#include "client-lib/binding/info_binding.h"

#include "client-lib/binding/gauge_binding.h"

namespace shmetrics::internal {

void InfoBinding::Say(FamilyBinding* family, std::span<const std::string_view> values) noexcept {
  GaugeBinding* gauge = GaugeBinding::Of(family, values);
  GaugeBinding* former = said_.exchange(gauge);
  Settle(gauge);
  if (former != nullptr && former != gauge) Settle(former);
}

/// Shows it if it is what is said, else takes it back. Of several threads that say different things at once, the last to
/// touch a gauge has seen that it agrees with what is said: without the second look a late Clear() could leave none.
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
