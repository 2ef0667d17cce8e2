#ifndef SHMETRICS_SHM_BASE_CRASH_POINT_H_
#define SHMETRICS_SHM_BASE_CRASH_POINT_H_

// Named places where a test stops or kills the process, so that it can stage a death between two stores
// instead of hoping for one. A test can also count how often the process comes by. The idea is RocksDB's
// sync points. Compiled to nothing unless SHMETRICS_CRASH_POINTS is defined.

#ifdef SHMETRICS_CRASH_POINTS

#include <atomic>

namespace shmetrics::shm {

/// While it is set, it is called with the name of each crash point that is reached. For tests only.
inline std::atomic<void (*)(const char* name)> crash_point_hook{nullptr};

inline void ReachCrashPoint(const char* name) {
  if (auto* hook = crash_point_hook.load(std::memory_order_acquire); hook != nullptr) hook(name);
}

}  // namespace shmetrics::shm

#define SHMETRICS_CRASH_POINT(name) ::shmetrics::shm::ReachCrashPoint(name)

#else

#define SHMETRICS_CRASH_POINT(name) static_cast<void>(0)

#endif

#endif  // SHMETRICS_SHM_BASE_CRASH_POINT_H_
