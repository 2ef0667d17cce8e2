#ifndef SHMETRICS_SHM_LEASES_NAMESPACE_LOCK_H_
#define SHMETRICS_SHM_LEASES_NAMESPACE_LOCK_H_

// Namespace lock: keeps the robust mutexes of a segment from processes of two PID namespaces at once. A robust mutex
// names its holder by the thread id of his own namespace, and in containers everybody is 1: when a *waiter* dies whose
// id is that of the holder, the kernel takes the holder for dead and lets the next one in beside it (6 of 6, measured).
//
// So a segment is for one namespace, and others are refused; or, if it was made so (shared_pid_namespaces), whoever
// wants a mutex first takes a byte of a lock file beside the segment, which the kernel knows by process and not by id.
// Then nobody ever waits for a mutex that a process of another namespace holds.

#include <cstdint>
#include <optional>

#include "shm/base/unique_fd.h"
#include "shm/result.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class NamespaceLock {
 public:
  /// What has to be held before the mutex of `shard` may be asked for: nothing in a segment of one namespace. kBusy after
  /// 50 ms; kForeignNamespace, also in a child by a raw clone (ForkGuard::IsKnownToLibc); kNotOpenable if the lock file cannot be used.
  ///
  /// In a process only one of them is held at a time, because closing a file drops every lock the process has on it;
  /// and a second copy of this library in one process would drop the first one's.
  static Result<NamespaceLock> Lock(const Segment& segment, std::uint32_t shard);

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
  UniqueFd file_;                        ///< its closing drops the byte
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_NAMESPACE_LOCK_H_
