// The parts of the C interface that take labels with values: exemplars and infos.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "client-lib/c/face.h"
#include "shm/cells.h"
#include "shm/layout/layout.h"
#include "shmetrics/c.h"
#include "shmetrics/registry.h"

namespace {

using namespace shmetrics::internal;  // NOLINT(google-build-using-namespace): what this file is the edge of
using shmetrics::LabelPair;

/// The caller's labels. Like Texts, it cuts off what is more than one too many; such labels are refused.
class Pairs {
 public:
  explicit Pairs(const shmetrics_labels* labels) {
    if (labels == nullptr || CheckSize(labels, labels->size, sizeof(*labels), nullptr) != SHMETRICS_OK)
      return;
    const Texts names(labels->names, labels->count);
    const Texts values(labels->values, labels->count);
    ok_ = names.ok() && values.ok();
    for (; ok_ && count_ < names.get().size(); count_++) {
      pairs_[count_] = {names.get()[count_], values.get()[count_]};
    }
  }
  /// False if a pointer is null or the struct has another size.
  bool ok() const { return ok_; }
  std::span<const LabelPair> get() const { return {pairs_.data(), count_}; }

 private:
  std::array<LabelPair, shmetrics::shm::layout::kMaxLabels + 1> pairs_;
  std::size_t count_ = 0;
  bool ok_ = false;
};

/// Counts by count_in(cells, buckets), and keeps the exemplar.
template <class Count>
shmetrics_code CountWithExemplar(const shmetrics_family* family, FamilyKind kind, const char* const* values,
                                 std::size_t count, double value, const shmetrics_labels* exemplar,
                                 Count count_in) {
  FamilyBinding* binding = BindingOf(family, kind);
  const Texts texts(values, count);
  const Pairs labels(exemplar);
  if (binding == nullptr || !texts.ok() || !labels.ok()) return SHMETRICS_BAD_ARGUMENT;
  std::optional<shmetrics::ErrorCode> refusal;
  const FamilyBinding::Cells cells = binding->CellsOf(texts.get(), &refusal);
  // Detached cells are the same for all families, so they have no family's buckets.
  const bool is_detached = cells.series == nullptr;
  const shmetrics::shm::BucketIndex& buckets = is_detached ? shmetrics::shm::kNoBuckets : binding->buckets();
  count_in(cells, buckets);
  keep_exemplar(cells.series, buckets, value, labels.get().data(), labels.get().size());
  return refusal ? CodeOf(*refusal) : SHMETRICS_OK;
}

}  // namespace

shmetrics_code shmetrics_counter_add_exemplar(const shmetrics_family* family, const char* const* values,
                                              std::size_t count, std::uint64_t n,
                                              const shmetrics_labels* exemplar) {
  if (n > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return SHMETRICS_BAD_ARGUMENT;
  return CountWithExemplar(family, FamilyKind::kCounter, values, count, static_cast<double>(n), exemplar,
                           [n](const FamilyBinding::Cells& cells, const auto&) {
                             shmetrics::shm::AddToCounter(cells.column<std::uint64_t>(), n);
                           });
}

shmetrics_code shmetrics_fractional_add_exemplar(const shmetrics_family* family, const char* const* values,
                                                 std::size_t count, double n,
                                                 const shmetrics_labels* exemplar) {
  if (!shmetrics::shm::IsFinite(n) || n < 0) return SHMETRICS_BAD_ARGUMENT;
  return CountWithExemplar(family, FamilyKind::kFractional, values, count, n, exemplar,
                           [n](const FamilyBinding::Cells& cells, const auto&) {
                             shmetrics::shm::AddToFractionalCounter(cells.column<std::uint64_t>(), n);
                           });
}

shmetrics_code shmetrics_histogram_observe_exemplar(const shmetrics_family* family, const char* const* values,
                                                    std::size_t count, double value,
                                                    const shmetrics_labels* exemplar) {
  return CountWithExemplar(family, FamilyKind::kHistogram, values, count, value, exemplar,
                           [value](const FamilyBinding::Cells& cells, const auto& buckets) {
                             shmetrics::shm::ObserveInHistogram(cells.column<shmetrics::shm::HistogramCell>(),
                                                                buckets, value);
                           });
}

shmetrics_code shmetrics_info_say(shmetrics_registry* registry, const char* name, const char* help,
                                  const shmetrics_labels* labels, shmetrics_error* error) {
  const Pairs pairs(labels);
  shmetrics::Registry* const in = RegistryOf(registry);
  if (in == nullptr || name == nullptr || !pairs.ok()) {
    return Fail(error, SHMETRICS_BAD_ARGUMENT, "a null pointer where one is needed, or a struct of no size");
  }
  return Guarded(error, [&]() -> shmetrics_code {
    const shmetrics::InfoFamily info =
        in->info({.name = name, .help = help == nullptr ? "" : help}, pairs.get());
    const std::optional<shmetrics::Error> failure = FamilyAccess::BindingOf(info)->Register();
    return failure ? Fail(error, *failure) : Succeed(error);
  });
}
