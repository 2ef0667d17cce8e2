// Keeps exemplars. A handle knows only its series, so this finds the segment that contains it.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "client-lib/binding/attachment.h"
#include "shm/series/exemplars.h"
#include "shmetrics/counter.h"

namespace shmetrics::internal {

void keep_exemplar(void* series, const shm::BucketIndex& buckets, double value, const LabelPair* labels,
                   std::size_t label_count) noexcept {
  Attachment* attachment = series == nullptr ? nullptr : Attachment::Of(series);
  if (attachment == nullptr) return;
  // KeepExemplar refuses and counts an exemplar of too many labels. For that, one label too many is enough.
  std::array<std::string_view, shm::layout::kMaxLabels + 1> names;
  std::array<std::string_view, names.size()> values;
  label_count = std::min(label_count, names.size());
  for (std::size_t i = 0; i < label_count; i++) {
    names[i] = labels[i].name;
    values[i] = labels[i].value;
  }
  const shm::BucketNumber bucket{buckets.BucketOf(value), buckets.bound_count() + 1};
  shm::KeepExemplar(*attachment->segment, attachment->arena, static_cast<shm::layout::SeriesRecord*>(series),
                    bucket, value, {names.data(), label_count}, {values.data(), label_count});
}

}  // namespace shmetrics::internal
