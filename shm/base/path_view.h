#ifndef SHMETRICS_SHM_BASE_PATH_VIEW_H_
#define SHMETRICS_SHM_BASE_PATH_VIEW_H_

#include <cstdint>
#include <optional>

namespace shmetrics::shm {

/// What decides where an absolute path leads: the root folder of a thread, and the mounts that it sees. A
/// process in a chroot or in another mount namespace has another view, and there the same path may lead to
/// another file.
struct PathView {
  std::uint64_t root_device;
  std::uint64_t root_inode;
  /// Tells a root from a bind mount of the same folder, under which other mounts are missing.
  std::uint64_t root_mount;
  std::uint64_t mount_namespace;  ///< its inode
  bool operator==(const PathView&) const = default;
};

/// The view of this thread; nothing if /proc does not say. Costs two system calls. Does not allocate.
std::optional<PathView> CurrentPathView();

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_PATH_VIEW_H_
