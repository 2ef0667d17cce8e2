#ifndef SHMETRICS_SHM_BASE_PID_NAMESPACE_H_
#define SHMETRICS_SHM_BASE_PID_NAMESPACE_H_

#include <cstdint>

#include "shm/result.h"

namespace shmetrics::shm {

/// The PID namespace of this process, as the inode that the kernel gives it; 0 if /proc does not say, and
/// errno tells why. An answer is kept until the next fork, because a child may be in another namespace; 0 is
/// not kept. A process that is about to lose /proc, in a chroot, asks before that. Thread-safe, does not
/// allocate.
std::uint64_t PidNamespace();

/// Why it is not known, by errno. Call it right after PidNamespace() has returned 0.
Error PidNamespaceIsUnknown();

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_PID_NAMESPACE_H_
