#ifndef SHMETRICS_SHM_BASE_CLOCK_H_
#define SHMETRICS_SHM_BASE_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace shmetrics::shm {

/// The time of a clock in nanoseconds.
inline std::int64_t NowNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

/// True if a CLOCK_REALTIME time read from a segment is possible for a past event: after 1970 and not in the
/// future. It may be up to a minute ahead, because the wall clock may have been set back since.
inline bool IsPastTime(std::int64_t unix_ns, std::int64_t now_unix_ns) {
  constexpr std::int64_t kMinuteNs = 60'000'000'000;
  return unix_ns > 0 && unix_ns - kMinuteNs <= now_unix_ns;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_CLOCK_H_
