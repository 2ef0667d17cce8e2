#ifndef SHMETRICS_SHM_SEGMENT_KEPT_FILE_H_
#define SHMETRICS_SHM_SEGMENT_KEPT_FILE_H_

#include <sys/types.h>

#include <atomic>
#include <optional>

#include "shm/base/unique_fd.h"

namespace shmetrics::shm {

/// Tells a file from a new file at the same path.
struct FileIdentity {
  dev_t device;
  ino_t inode;
  bool operator==(const FileIdentity&) const = default;
};

/// The identity of an open file; nothing if the descriptor is not valid.
std::optional<FileIdentity> IdentityOf(int fd);

/// A descriptor of a segment's file that this process keeps. Later it may have neither the path nor the right
/// to open the file again: after setuid(), in a chroot, in another mount namespace.
///
/// Applications close descriptors that they do not know, and the number then goes to another file. So each
/// use first asks whether the number is still the segment's. If it is not, it is forgotten and never closed.
///
/// Thread-safe, but for the destructor. No function allocates, so a child may call them right after fork().
class KeptFile {
 public:
  /// Keeps none yet. `identity` is the file's.
  explicit KeptFile(const FileIdentity& identity) : identity_(identity) {}
  ~KeptFile();
  KeptFile(const KeptFile&) = delete;
  KeptFile& operator=(const KeptFile&) = delete;

  /// Keeps `file` if none is kept; else closes it.
  void Keep(UniqueFd file);
  /// The descriptor; -1 if none is kept. Costs a system call.
  int Get() const;
  /// The caller owns it then. Not valid if none is kept.
  UniqueFd Take();
  /// How many names the file has: 0 once it has been removed. Nothing if no descriptor is kept.
  std::optional<nlink_t> NameCount() const;

 private:
  /// True if this thread was the one to forget it.
  bool Forget(int fd) const;

  const FileIdentity identity_;
  mutable std::atomic<int> fd_{-1};  ///< Writer: any thread of this process
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_KEPT_FILE_H_
