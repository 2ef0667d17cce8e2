#ifndef SHMETRICS_SHM_BASE_TEXT_HASH_H_
#define SHMETRICS_SHM_BASE_TEXT_HASH_H_

#include <sys/auxv.h>

#include <cstddef>
#include <cstring>
#include <string_view>

#include "shm/base/sip_hash.h"

namespace shmetrics::shm {

/// The secret of the hashes in this process's own memory: the random bytes that the kernel gives to each
/// program when it starts. A child has its parent's.
inline const HashKey& ProcessHashKey() noexcept {
  static const HashKey key = [] {
    HashKey made{};
    if (const auto* random = reinterpret_cast<const void*>(getauxval(AT_RANDOM)))
      std::memcpy(&made, random, sizeof made);
    return made;
  }();
  return key;
}

/// The hash for containers of texts that others choose: labels, names, what a request asks for. With
/// std::hash, which has no secret, somebody can choose thousands that all meet in one chain.
struct TextHash {
  std::size_t operator()(std::string_view text) const noexcept { return SipHashOf(ProcessHashKey(), text); }
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_TEXT_HASH_H_
