#ifndef SHMETRICS_SHM_KEY_HASH_H_
#define SHMETRICS_SHM_KEY_HASH_H_

// Hash values are in the segment, so the function is part of the layout (layout::kHashFunction): it must give the same
// in every process.

#include <cstdint>
#include <span>
#include <string_view>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace shmetrics::shm {

inline std::uint64_t HashOfName(std::string_view name) { return XXH3_64bits(name.data(), name.size()); }

/// Of label values, in their order.
inline std::uint64_t HashOfValues(std::uint64_t seed, std::span<const std::string_view> values) {
  std::uint64_t hash = seed;
  for (const std::string_view value : values) hash = XXH3_64bits_withSeed(value.data(), value.size(), hash);
  return hash;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_KEY_HASH_H_
