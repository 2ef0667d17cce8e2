#ifndef SHMETRICS_SHM_LAYOUT_EXEMPLAR_LAYOUT_H_
#define SHMETRICS_SHM_LAYOUT_EXEMPLAR_LAYOUT_H_

// The part of the blueprint (layout.h) that exemplars lie in.
//
//   (records)   ExemplarRecord   one for each bucket of a histogram series, in their order, or the one of a counter series;
//                                SeriesRecord::exemplars leads to the first
//
// A record has no lock that a death could leave locked. What makes it whole is its checksum: a reader drops what does
// not match, be it half-written by somebody who is writing, by somebody who died, or by two at once.

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace shmetrics::shm::layout {

/// Room for 128 characters of ASCII in 24 labels.
inline constexpr std::size_t kMaxExemplarBytes = 216;

/// The latest exemplar of one bucket. Writers: any process that observes, by exemplars.cc. All zero: there has been none.
struct alignas(64) ExemplarRecord {
  /// When the present writer began, CLOCK_REALTIME in ns; 0: nobody is writing. Keeps writers apart, no more: who finds
  /// another at it gives up his own exemplar, which is no later; and takes over from one that has been at it too long.
  std::atomic<std::uint64_t> claimed_unix_ns;
  std::atomic<std::uint64_t> checksum;  ///< of what follows, as far as it is used; never 0
  std::atomic<std::uint64_t> value;     ///< the bits of a double
  std::atomic<std::uint64_t> unix_ns;   ///< when, CLOCK_REALTIME
  std::atomic<std::uint64_t> label_bytes;
  std::atomic<std::uint64_t>
      labels[kMaxExemplarBytes / 8];  ///< label block, label_bytes of it, then zeros to the word
};

static_assert(sizeof(ExemplarRecord) == 256);

}  // namespace shmetrics::shm::layout

#endif  // SHMETRICS_SHM_LAYOUT_EXEMPLAR_LAYOUT_H_
