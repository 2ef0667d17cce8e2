#ifndef SHMETRICS_SHM_SEGMENT_LOCK_FILE_H_
#define SHMETRICS_SHM_SEGMENT_LOCK_FILE_H_

#include <sys/types.h>

#include <cstdint>

#include "shm/base/unique_fd.h"
#include "shm/result.h"
#include "shm/segment/kept_file.h"

namespace shmetrics::shm {

class Segment;

/// The file beside a segment whose bytes processes of several PID namespaces lock (leases/namespace_lock.h).
/// It is opened early and kept, as the segment's own file is: later this process may have neither the path nor
/// the right to open it.
///
/// A lock belongs to the process, not to the descriptor. So a child goes on with the descriptor that it
/// inherits: it holds none of its parent's locks, and drops none. And closing any descriptor of the file drops
/// all locks that this process has on it. So only one thread at a time uses this, and holds one lock at most.
class LockFile {
 public:
  /// Opens the lock file of `segment`, or makes it, unless it is open and still the one that the others have.
  /// Only where the path leads to the segment does it lead to its lock file, too. Elsewhere, in a jail, the
  /// kept one is used as long as it has a name. kNotOpenable if it cannot be used: its owner, mode and type
  /// must be those that a segment may have. kBusy if another thread has been in fork() for a second.
  Result<void> Open(const Segment& segment);

  // After Open():
  bool TryLock(std::uint32_t byte);
  /// Who holds the byte: 0 for nobody, and for a process of another PID namespace.
  pid_t HolderOf(std::uint32_t byte) const;
  void Unlock(std::uint32_t byte);

 private:
  bool IsOurs() const;
  Result<void> OpenByPath(const Segment& segment);

  UniqueFd file_;
  FileIdentity identity_{};  ///< of file_
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_LOCK_FILE_H_
