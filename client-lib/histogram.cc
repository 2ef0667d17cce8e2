#include "shmetrics/histogram.h"

#include <cmath>
#include <cstddef>

#include "client-lib/binding/family_binding.h"
#include "client-lib/binding/guarded.h"

namespace shmetrics {
namespace buckets {

namespace {

/// Empty without memory.
Buckets Room(std::uint32_t count) noexcept {
  return internal::Guarded([count] { return Buckets(count); }, [] { return Buckets(); });
}

}  // namespace

Buckets linear(double start, double width, std::uint32_t count) noexcept {
  Buckets bounds = Room(count);
  for (std::size_t i = 0; i < bounds.size(); i++) bounds[i] = start + width * static_cast<double>(i);
  return bounds;
}

Buckets exponential(double start, double factor, std::uint32_t count) noexcept {
  Buckets bounds = Room(count);
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
