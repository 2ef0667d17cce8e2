#include "tests/support/fake_clock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace shmetrics::testing {

constinit std::atomic<std::int64_t> wall_clock_ahead_seconds{0};
constinit std::atomic<std::int64_t> retry_clock_ahead_seconds{0};
constinit std::atomic<void (*)()> on_retry_clock{nullptr};

}  // namespace shmetrics::testing

/// Replaces the C library's function in the whole program.
extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* now) noexcept {
  using namespace shmetrics::testing;  // NOLINT(google-build-using-namespace): the function has to be global
  const auto result = static_cast<int>(syscall(SYS_clock_gettime, clock, now));
  if (result != 0) return result;
  if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
    now->tv_sec += wall_clock_ahead_seconds.load();
  if (clock == CLOCK_MONOTONIC_COARSE) {
    if (void (*const call)() = on_retry_clock.load()) call();
    now->tv_sec += retry_clock_ahead_seconds.load();
  }
  return result;
}
