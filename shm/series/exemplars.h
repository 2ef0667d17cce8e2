#ifndef SHMETRICS_SHM_SERIES_EXEMPLARS_H_
#define SHMETRICS_SHM_SERIES_EXEMPLARS_H_

// Exemplars: what led to one observation of a bucket, for example a trace. Each bucket of a histogram keeps
// its latest exemplar. A counter keeps one, the latest.
//
// Writers: any thread of any process. No writer waits, and none takes back what it has counted.
// Readers: exemplar_reader.cc.
// A death or two writers can tear a record. Its checksum tells.

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// OpenMetrics allows this many characters in all names and values of one exemplar together.
inline constexpr std::size_t kMaxExemplarCharacters = 128;

/// One bucket of a series. A counter counts as one bucket.
struct BucketNumber {
  std::uint32_t number;
  std::uint32_t of;  ///< how many buckets the series has
};

/// Makes this the latest exemplar of a bucket, after its value has been counted. Gives up if the labels are
/// not allowed or do not fit (kInvalidExemplar), or if there is no room for the series' first exemplar
/// (kSegmentFull, kOutOfMemory). The segment counts why. Gives up silently while another writer is at the
/// same bucket. Allocates once for each series: a layout::ExemplarRecord for each of its buckets.
void KeepExemplar(const Segment& segment, Arena& arena, layout::SeriesRecord* series, BucketNumber bucket,
                  double value, std::span<const std::string_view> label_names,
                  std::span<const std::string_view> label_values) noexcept;

/// True if these can be the labels of an exemplar: the names are label names, each occurs once, the values
/// are valid UTF-8, and all have no more characters than allowed.
bool AreExemplarLabels(std::span<const std::string_view> names, std::span<const std::string_view> values);

/// The words of a record, copied to private memory.
struct ExemplarWords {
  std::uint64_t value;
  std::uint64_t unix_ns;
  std::uint64_t label_bytes;  ///< at most layout::kMaxExemplarBytes
  std::uint64_t labels[layout::kMaxExemplarBytes / 8];
};

/// The number of words of `labels` that are in use.
std::size_t LabelWordsOf(const ExemplarWords& words);
/// The checksum of the words in use. Never 0.
std::uint64_t ChecksumOf(const ExemplarWords& words);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_EXEMPLARS_H_
