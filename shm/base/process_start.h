#ifndef SHMETRICS_SHM_BASE_PROCESS_START_H_
#define SHMETRICS_SHM_BASE_PROCESS_START_H_

#include <cstdint>

namespace shmetrics::shm {

/// When this process began, in clock ticks since boot; 0 if /proc does not say. It stays the same when the
/// process executes another program.
std::uint64_t OwnStartTicks();

/// True if the process `pid` of this PID namespace began at `start_ticks`, and still has memory. A process
/// that exits loses its memory first, so it is no longer taken for alive when its mappings are gone. False if
/// that cannot be told. Allocates nothing.
bool IsProcessOf(std::uint32_t pid, std::uint64_t start_ticks);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_PROCESS_START_H_
