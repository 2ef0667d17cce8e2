#include "shmetrics/counter.h"

#include "client-lib/binding/family_binding.h"

namespace shmetrics {

using internal::FamilyBinding;

CounterFamily::CounterFamily(FamilyBinding* binding) noexcept : Family(binding) {
  if (binding->definition().label_names.empty()) only_ = with({});
  binding->Register();  // so that the family is known before its first series
}

Counter CounterFamily::with(std::span<const std::string_view> values) const noexcept {
  const FamilyBinding::Cells cells = binding_->CellsOf(values);
  return {cells.column<std::uint64_t>(), cells.series};
}

FractionalCounterFamily::FractionalCounterFamily(FamilyBinding* binding) noexcept : Family(binding) {
  if (binding->definition().label_names.empty()) only_ = with({});
  binding->Register();  // as in CounterFamily
}

FractionalCounter FractionalCounterFamily::with(std::span<const std::string_view> values) const noexcept {
  const FamilyBinding::Cells cells = binding_->CellsOf(values);
  return {cells.column<std::uint64_t>(), cells.series};
}

}  // namespace shmetrics
