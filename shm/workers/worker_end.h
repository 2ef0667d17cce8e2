#ifndef SHMETRICS_SHM_WORKERS_WORKER_END_H_
#define SHMETRICS_SHM_WORKERS_WORKER_END_H_

// How workers end, as plain data: whoever looks at a snapshot needs it, and no byte of the segment.

#include <cstdint>

namespace shmetrics::shm {

/// How a worker has ended.
enum class WorkerEnd : std::uint8_t {
  kNone,     ///< it has not, or it has not lived yet
  kEnded,    ///< by itself: it ran exit handlers, announced its end, or went to another segment
  kExec,     ///< its process has executed another program
  kUnknown,  ///< in another way, or it cannot be told
};

struct Ending {
  WorkerEnd how = WorkerEnd::kNone;
  /// True if it held leases or showed gauges. An info and a sum of 0 are no gauges here: without them,
  /// everything shown stays what it was.
  bool had_something = false;

  bool is_loss() const { return how == WorkerEnd::kUnknown && had_something; }
};

/// How many workers have ended, and how.
struct Exits {
  std::uint64_t ended = 0;
  std::uint64_t execs = 0;
  std::uint64_t unknown = 0;
  std::uint64_t losses = 0;  ///< those of `unknown` that held leases or showed gauges

  Exits& operator+=(const Exits& other);
  /// Not below 0: the counts may come from a damaged segment.
  Exits& operator-=(const Exits& other);
  Exits& operator+=(const Ending& ending);
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_WORKER_END_H_
