#ifndef SHMETRICS_SHM_CLOCK_H_
#define SHMETRICS_SHM_CLOCK_H_

#include <cstdint>
#include <ctime>

namespace shmetrics::shm {

/// What a clock shows, in nanoseconds.
inline std::int64_t NowNs(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_CLOCK_H_
