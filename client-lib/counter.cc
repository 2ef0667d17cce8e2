#include "shmetrics/counter.h"

#include "client-lib/family_binding.h"

namespace shmetrics {
namespace {

std::uint64_t* CellOf(internal::FamilyBinding* binding, std::span<const std::string_view> values) noexcept {
  return static_cast<std::uint64_t*>(binding->CellsOf(values));
}

/// The only series of a family without labels, or detached cells.
std::uint64_t* OnlyCellOf(internal::FamilyBinding* binding) noexcept {
  return binding->definition().label_names.empty() ? CellOf(binding, {}) : internal::detached_cells();
}

}  // namespace

CounterFamily::CounterFamily(internal::FamilyBinding* binding) noexcept
    : Family(binding), only_(Counter(OnlyCellOf(binding))) {
  binding->error();  // registers it now, so that the family is known before its first series
}

Counter CounterFamily::with(std::initializer_list<std::string_view> values) const noexcept {
  return Counter(CellOf(binding_, {values.begin(), values.size()}));
}

Counter CounterFamily::with(std::span<const std::string_view> values) const noexcept {
  return Counter(CellOf(binding_, values));
}

FractionalCounterFamily::FractionalCounterFamily(internal::FamilyBinding* binding) noexcept
    : Family(binding), only_(FractionalCounter(OnlyCellOf(binding))) {
  binding->error();  // as in CounterFamily
}

FractionalCounter FractionalCounterFamily::with(
    std::initializer_list<std::string_view> values) const noexcept {
  return FractionalCounter(CellOf(binding_, {values.begin(), values.size()}));
}

FractionalCounter FractionalCounterFamily::with(std::span<const std::string_view> values) const noexcept {
  return FractionalCounter(CellOf(binding_, values));
}

}  // namespace shmetrics
