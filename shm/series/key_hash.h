#ifndef SHMETRICS_SHM_SERIES_KEY_HASH_H_
#define SHMETRICS_SHM_SERIES_KEY_HASH_H_

// Hashes of names and label values. They are stored in the segment, so every process must compute the same:
// the function is part of the layout (layout::kHashFunction).

#include <cstdint>
#include <span>
#include <string_view>

#include "shm/base/crash_point.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shmetrics::shm {

inline std::uint64_t HashOfName(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

/// Hashes label values; their order matters. It is a polynomial of the values' own hashes, so the processor
/// can compute those in parallel.
inline std::uint64_t HashOfValues(std::uint64_t seed, std::span<const std::string_view> values) {
  SHMETRICS_CRASH_POINT("values_hashed");
  std::uint64_t hash = seed;
  for (const std::string_view value : values) {
    hash = hash * 0x9E3779B97F4A7C15U + XXH3_64bits(value.data(), value.size());
  }
  return hash;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_KEY_HASH_H_
