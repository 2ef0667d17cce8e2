#ifndef SHMETRICS_TESTS_CORRUPT_HEADER_CHECKSUM_H_
#define SHMETRICS_TESTS_CORRUPT_HEADER_CHECKSUM_H_

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "shm/layout/layout.h"

namespace shmetrics::testing {

/// FNV-1a, as the creator computes it. It is written a second time, because it is part of the layout.
inline std::uint64_t ChecksumOf(const shm::layout::Header& header) {
  unsigned char bytes[offsetof(shm::layout::Header, checksum)];
  std::memcpy(bytes, &header, sizeof bytes);
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CORRUPT_HEADER_CHECKSUM_H_
