#ifndef SHMETRICS_SHM_BASE_TASK_STATE_H_
#define SHMETRICS_SHM_BASE_TASK_STATE_H_

#include <cstdint>

namespace shmetrics::shm {

/// What the kernel says of a thread or a process of this PID namespace: 'R' if it runs or waits for a CPU,
/// 'S' if it sleeps, 'T' if it is stopped, 't' if a debugger stops it; proc(5) has the others. 0 if that
/// cannot be told: it is gone, /proc is not mounted, is another namespace's or hides it, or there is no
/// descriptor.
///
/// Of a process with several threads it is the state of the first. Opens a file: some microseconds. Allocates
/// nothing.
char TaskState(std::uint32_t id);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_TASK_STATE_H_
