#include "shm/base/path_view.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

namespace shmetrics::shm {

std::optional<PathView> CurrentPathView() {
  struct statx root;
  struct stat mounts;
  // Of the thread, because unshare() and setns() change the mounts of one thread only.
  if (stat("/proc/thread-self/ns/mnt", &mounts) != 0 ||
      statx(AT_FDCWD, "/", AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_MNT_ID, &root) != 0) {
    return std::nullopt;
  }
  return PathView{makedev(root.stx_dev_major, root.stx_dev_minor), root.stx_ino,
                  (root.stx_mask & STATX_MNT_ID) != 0 ? root.stx_mnt_id : 0, mounts.st_ino};
}

}  // namespace shmetrics::shm
