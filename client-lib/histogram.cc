#include "shmetrics/histogram.h"

#include <cmath>

#include "client-lib/binding/family_binding.h"

namespace shmetrics {
namespace buckets {

Buckets linear(double start, double width, std::uint32_t count) {
  Buckets bounds(count);
  for (std::uint32_t i = 0; i < count; i++) bounds[i] = start + width * i;
  return bounds;
}

Buckets exponential(double start, double factor, std::uint32_t count) {
  Buckets bounds(count);
  for (double& bound : bounds) {
    bound = start;
    start *= factor;
  }
  return bounds;
}

}  // namespace buckets

HistogramFamily::HistogramFamily(internal::FamilyBinding* binding) noexcept : Family(binding) {
  if (binding->definition().label_names.empty()) only_ = with({});
  binding->Register();  // so that the family is known before its first series
}

Histogram HistogramFamily::with(std::span<const std::string_view> values) const noexcept {
  const internal::FamilyBinding::Cells cells = binding_->CellsOf(values);
  if (cells.series == nullptr) return {};
  return {cells.column<shm::HistogramCell>(), &binding_->buckets(), cells.series};
}

}  // namespace shmetrics
