#include "shm/series/series_record.h"

#include "shm/base/clock.h"

namespace shmetrics::shm {

void WriteSeriesRecord(layout::SeriesRecord* series, layout::Ref family, std::uint64_t hash,
                       std::string_view block, std::uint64_t cells, layout::Visibility visibility) {
  series->record.kind = layout::RecordKind::kSeries;
  series->record.has_escapes = block.find('\\') == std::string_view::npos ? 0 : 1;
  series->record.hash = hash;
  series->family = family;
  series->label_bytes = static_cast<std::uint32_t>(block.size());
  series->cells = cells;
  series->created_unix_ns = NowNs(CLOCK_REALTIME);
  // no order needed: publication of the record orders its bytes
  series->visibility.store(visibility, std::memory_order_relaxed);
  // copy() accepts an empty block, memcpy() does not.
  block.copy(reinterpret_cast<char*>(series + 1), block.size());
}

}  // namespace shmetrics::shm
