#ifndef SHMETRICS_SHM_SERIES_EXEMPLARS_H_
#define SHMETRICS_SHM_SERIES_EXEMPLARS_H_

// Exemplars: what led to one observation of a bucket, for example a trace. The latest of each bucket is kept, and of a
// counter the latest of all.
//
// Writers: any thread of any process; none waits, and none takes back what it has counted. Readers: exemplar_reader.cc.
// A record can be torn, by a death or by two writers; its checksum tells.

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// What OpenMetrics allows in the names and values of one exemplar together.
inline constexpr std::size_t kMaxExemplarCharacters = 128;

/// Which bucket of a series; a counter has one.
struct BucketNumber {
  std::uint32_t number;
  std::uint32_t of;  ///< how many buckets the series has
};

/// Makes this the latest exemplar of a bucket, after its value has been counted. Gives up, and counts why in the segment,
/// if the labels are not allowed or do not fit (kInvalidExemplar), or if there is no room for the series' first exemplar
/// (kSegmentFull, kOutOfMemory). Gives up silently while another writer is at the same bucket.
/// Allocates nothing but, once for each series, layout::ExemplarRecord for each of its buckets.
void KeepExemplar(const Segment& segment, Arena& arena, layout::SeriesRecord* series, BucketNumber bucket,
                  double value, std::span<const std::string_view> label_names,
                  std::span<const std::string_view> label_values) noexcept;

/// Whether these can be the labels of an exemplar: names that are label names, each once; values of valid UTF-8; as many
/// characters as allowed.
bool AreExemplarLabels(std::span<const std::string_view> names, std::span<const std::string_view> values);

/// What a record says, in private memory.
struct ExemplarWords {
  std::uint64_t value;
  std::uint64_t unix_ns;
  std::uint64_t label_bytes;  ///< at most layout::kMaxExemplarBytes
  std::uint64_t labels[layout::kMaxExemplarBytes / 8];
};

/// How many of `labels` are in use.
std::size_t LabelWordsOf(const ExemplarWords& words);
/// Never 0.
std::uint64_t ChecksumOf(const ExemplarWords& words);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_EXEMPLARS_H_
