#ifndef SHMETRICS_SHM_SERIES_SERIES_RECORD_H_
#define SHMETRICS_SHM_SERIES_SERIES_RECORD_H_

// A series as bytes of the segment: layout::SeriesRecord and the label block that follows it.

#include <cstdint>
#include <string_view>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// Writes everything but `record.next`. The series is created now. Does not publish it.
void WriteSeriesRecord(layout::SeriesRecord* series, layout::Ref family, std::uint64_t hash,
                       std::string_view block, std::uint64_t cells, layout::Visibility visibility);

/// The label block in the segment, not copied and not checked. Empty if it lies outside the segment.
inline std::string_view LabelBlockOf(const Segment& segment, const layout::SeriesRecord& series) {
  const std::uint32_t bytes = layout::ReadOnce(series.label_bytes);
  const std::uint64_t behind =
      static_cast<std::uint64_t>(reinterpret_cast<const char*>(&series + 1) - segment.base());
  const char* text = segment.At<char>(behind, bytes);
  return text == nullptr ? std::string_view{} : std::string_view(text, bytes);
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_SERIES_RECORD_H_
