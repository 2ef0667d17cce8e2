#ifndef SHMETRICS_SHM_LEASES_NAMESPACE_LOCK_H_
#define SHMETRICS_SHM_LEASES_NAMESPACE_LOCK_H_

// Namespace lock: keeps processes of two PID namespaces from using a robust mutex at the same time. A robust
// mutex names its holder by the thread id in the holder's namespace, and in containers many processes have
// the id 1. If a *waiter* dies that has the same id as the holder, the kernel takes the holder for dead and
// lets the next waiter in beside it (measured: 6 times of 6).
//
// So a segment is for one namespace, and processes of others are refused. If it was made with
// shared_pid_namespaces, a process first locks a byte of a lock file beside the segment. The kernel knows the
// owner of that lock by process, not by id. Then nobody ever waits for a mutex that a process of another
// namespace holds.

#include <cstdint>

#include "shm/base/lock_wait.h"
#include "shm/result.h"
#include "shm/segment/lock_file.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class NamespaceLock {
 public:
  /// Locks what must be held while asking for the mutex of `shard`. In a segment of one namespace that is
  /// nothing. Errors: kBusy when `wait` gives up; kForeignNamespace, also in a child made by a raw clone()
  /// (ForkGuard::IsKnownToLibc); kUnknown if /proc does not tell the namespace; kNotOpenable if the lock file
  /// cannot be used.
  ///
  /// A process holds only one of these locks at a time, because closing a file drops every lock that the
  /// process has on it. For the same reason two copies of this library in one process would drop each other's
  /// locks.
  static Result<NamespaceLock> Lock(const Segment& segment, std::uint32_t shard, LockWait* wait);

  /// Opens the lock file for decisions that come later, when this process may no longer open or make it. If
  /// that fails, the decision will say why.
  static void OpenEarly(const Segment& segment) noexcept;

  ~NamespaceLock();
  NamespaceLock(NamespaceLock&& other) noexcept;
  NamespaceLock(const NamespaceLock&) = delete;
  NamespaceLock& operator=(const NamespaceLock&) = delete;
  NamespaceLock& operator=(NamespaceLock&&) = delete;

 private:
  struct ProcessLock;
  NamespaceLock() = default;
  static ProcessLock& TheProcessLock();

  ProcessLock* process_lock_ = nullptr;  ///< held; null in a segment of one namespace
  LockFile* file_ = nullptr;             ///< in which byte_ is locked; null if none is
  std::uint32_t byte_ = 0;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_NAMESPACE_LOCK_H_
