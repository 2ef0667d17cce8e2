#include "shm/workers/cpu_stripes.h"

#include <atomic>
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
  // Asked once: if the environment changed later, the process would be hard to explain. Not a static with a
  // guard: a child forked while another thread is inside that guard would wait for it for ever.
  enum : int { kUnknown, kNo, kYes };
  static constinit std::atomic<int> known = kUnknown;
  // no order needed: two threads that ask get the same answer
  int uses_them = known.load(std::memory_order_relaxed);
  if (uses_them == kUnknown) {
    uses_them = !IsSwitchedOff() && StoresSixteenBytesAtOnce() ? kYes : kNo;
    known.store(uses_them, std::memory_order_relaxed);  // no order needed: as above
  }
  return uses_them == kYes ? segment.header().stripe_count - kAtomicStripes : 0;
}

}  // namespace shmetrics::shm
