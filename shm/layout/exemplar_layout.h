#ifndef SHMETRICS_SHM_LAYOUT_EXEMPLAR_LAYOUT_H_
#define SHMETRICS_SHM_LAYOUT_EXEMPLAR_LAYOUT_H_

// The part of the blueprint (layout.h) that describes exemplars.
//
//   (records)   ExemplarRecord   a histogram series has one for each bucket, in their order; a counter series
//                                has one. SeriesRecord::exemplars leads to the first.
//
// A record has no lock, because a death could leave it locked. Its checksum makes it whole: a reader drops a
// record that does not match it. Such a record is half-written, by a writer that is still writing, by one
// that died, or by two at once.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shmetrics::shm::layout {

/// Room for 128 characters of ASCII in 24 labels.
inline constexpr std::size_t kMaxExemplarBytes = 216;

/// The latest exemplar of one bucket. Writers: any process that observes, in exemplars.cc. All zero: there
/// has been none.
struct alignas(64) ExemplarRecord {
  /// When the present writer began, CLOCK_REALTIME in ns; 0: nobody is writing. It only keeps writers apart.
  /// A writer that finds another at work gives up its own exemplar, which is no later. If the other has been
  /// at work too long, it takes over.
  std::atomic<std::uint64_t> claimed_unix_ns;
  std::atomic<std::uint64_t> checksum;  ///< of the used part of what follows; never 0
  std::atomic<std::uint64_t> value;     ///< the bits of a double
  std::atomic<std::uint64_t> unix_ns;   ///< time of the observation, CLOCK_REALTIME
  std::atomic<std::uint64_t> label_bytes;
  /// The label block, of label_bytes bytes, then zeros to the end of the word.
  std::atomic<std::uint64_t> labels[kMaxExemplarBytes / 8];
};

static_assert(sizeof(ExemplarRecord) == 256);

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_EXEMPLAR_LAYOUT_H_
