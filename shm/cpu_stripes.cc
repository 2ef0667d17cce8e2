#include "shm/cpu_stripes.h"

#include <cstdlib>
#include <string_view>

#include "shm/cells.h"

namespace shmetrics::shm {
namespace {

bool IsSwitchedOff() {
  const char* value = std::getenv("SHMETRICS_RSEQ");
  return value != nullptr && std::string_view(value) == "off";
}

bool StoresSixteenBytesAtOnce() {
#ifdef __x86_64__
  return __builtin_cpu_supports("avx") != 0;
#else
  return false;
#endif
}

}  // namespace

std::uint32_t UsableCpuStripes(const Segment& segment) {
  // Asked once: a process whose environment changes on the way would be hard to explain.
  static const bool uses_them = !IsSwitchedOff() && StoresSixteenBytesAtOnce();
  return uses_them ? segment.header().stripe_count - kAtomicStripes : 0;
}

}  // namespace shmetrics::shm
