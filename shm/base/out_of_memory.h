#ifndef SHMETRICS_SHM_BASE_OUT_OF_MEMORY_H_
#define SHMETRICS_SHM_BASE_OUT_OF_MEMORY_H_

#include <string>
#include <string_view>

#include "shm/result.h"

namespace shmetrics::shm {

inline constexpr std::string_view kNoMemoryLeft = "no memory left";

/// The failure of a process that cannot allocate. It allocates nothing itself: std::string keeps so short a
/// text within the object. So it may be made where an exception was caught, and where nothing may throw.
inline Error OutOfMemory() noexcept { return Error{ErrorCode::kOutOfMemory, std::string(kNoMemoryLeft)}; }

static_assert(kNoMemoryLeft.size() <= 15, "libstdc++ would allocate a longer text; libc++ has room for 22");

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_OUT_OF_MEMORY_H_
