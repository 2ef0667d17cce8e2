#include "shm/leases/lease_clock.h"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <string>
#include <string_view>

#include "shm/base/clock.h"
#include "shm/base/fork_guard.h"
#include "shm/layout/lease_layout.h"

namespace shmetrics::shm {
namespace {

/// The name of the host's time namespace. Its inode number is part of the kernel's interface.
constexpr std::string_view kHostTimeNamespace = "time:[4026531834]";

/// How far CLOCK_MONOTONIC of this process is ahead of the host's. /proc/self/timens_offsets gives the
/// offsets of the namespace in which the next children will be. A process that has only just unshared is not
/// in it itself, so this asks first in which namespace the process is.
std::int64_t ReadOffsetNs() {
  const ForkGuard::NoFork no_fork;  // a child would inherit the file that is being read
  char name[64];
  const ssize_t length = readlink("/proc/self/ns/time", name, sizeof name);
  if (length <= 0 || std::string_view(name, static_cast<std::size_t>(length)) == kHostTimeNamespace) return 0;
  std::ifstream file("/proc/self/timens_offsets");
  std::string clock;
  std::int64_t seconds = 0, nanoseconds = 0;
  while (file >> clock >> seconds >> nanoseconds) {
    if (clock == "monotonic" || clock == "1") return seconds * 1'000'000'000 + nanoseconds;
  }
  return 0;
}

// Writer of both: any thread that finds them out of date. A child reads the offset anew, because it may be in
// another namespace than its parent.
constinit std::atomic<std::int64_t> offset_ns{0};
constinit std::atomic<std::uint64_t> offset_generation{0};  ///< of the process that read it; 0: none did

std::int64_t OffsetNs() {
  const std::uint64_t generation = ForkGuard::Generation();
  if (offset_generation.load(std::memory_order_acquire) != generation) {
    // no order needed: the generation behind it publishes
    offset_ns.store(ReadOffsetNs(), std::memory_order_relaxed);
    offset_generation.store(generation, std::memory_order_release);  // pairs with the load above
  }
  return offset_ns.load(std::memory_order_relaxed);  // no order needed: ordered by the generation
}

}  // namespace

std::int64_t LeaseNowNs() { return NowNs(CLOCK_MONOTONIC) - OffsetNs(); }
std::int64_t LeaseNowCoarseNs() { return NowNs(CLOCK_MONOTONIC_COARSE) - OffsetNs(); }

std::int64_t LeaseDeadlineAfter(std::int64_t now, std::int64_t ttl_ns) {
  if (ttl_ns == 0) return layout::kNoDeadline;
  return ttl_ns < layout::kNoDeadline - now ? now + ttl_ns : layout::kNoDeadline - 1;
}

}  // namespace shmetrics::shm
