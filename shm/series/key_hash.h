#ifndef SHMETRICS_SHM_SERIES_KEY_HASH_H_
#define SHMETRICS_SHM_SERIES_KEY_HASH_H_

// Hashes of names and label values, by the secret key of the segment (layout::Header::hash_key). So nobody
// can choose label values that all land in one chain. They are stored in the segment, so every process must
// compute the same: the function is part of the layout (layout::kHashFunction).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "shm/base/crash_point.h"
#include "shm/base/sip_hash.h"

namespace shmetrics::shm {

inline std::uint64_t HashOfName(const HashKey& key, std::string_view name) { return SipHashOf(key, name); }

/// Hashes label values; their order matters. The lengths come first, so that no two lists of values are one
/// sequence of words. Only the low 16 bits of a length count: longer values are never in a segment.
inline std::uint64_t HashOfValues(const HashKey& key, std::uint32_t seed,
                                  std::span<const std::string_view> values) {
  SHMETRICS_CRASH_POINT("values_hashed");
  SipHash hash(key);
  std::uint64_t word = seed;
  unsigned bits = 32;
  for (const std::string_view value : values) {
    if (bits == 64) {
      hash.Add(word);
      word = 0;
      bits = 0;
    }
    word |= std::uint64_t{value.size() & 0xFFFFU} << bits;
    bits += 16;
  }
  hash.Add(word);
  for (const std::string_view value : values) hash.Add(value);
  return hash.Finish();
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SERIES_KEY_HASH_H_
