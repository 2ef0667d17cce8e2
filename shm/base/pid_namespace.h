#ifndef SHMETRICS_SHM_BASE_PID_NAMESPACE_H_
#define SHMETRICS_SHM_BASE_PID_NAMESPACE_H_

#include <cstdint>

namespace shmetrics::shm {

/// The PID namespace of this process, as the inode that the kernel gives it; 0 if /proc does not say. Asks
/// the kernel once in each process: a child may be in another namespace. Thread-safe.
std::uint64_t PidNamespace();

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_PID_NAMESPACE_H_
