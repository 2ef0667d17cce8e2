#ifndef SHMETRICS_TESTS_SUPPORT_MOUNT_NAMESPACE_H_
#define SHMETRICS_TESTS_SUPPORT_MOUNT_NAMESPACE_H_

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "tests/support/child.h"

namespace shmetrics::testing {

/// Gives the calling process, a child of the test, its own mounts, which vanish with it.
inline bool EnterMountNamespace() {
  return unshare(CLONE_NEWNS) == 0 && mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

/// Mounts an empty tmpfs over the folder. `size` is written as in its mount option.
inline bool MountTmpfs(const std::string& folder, const std::string& size) {
  return mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()) == 0;
}

/// True if this user may mount.
inline bool CanMount(const std::string& folder) {
  return RunInChild([&] {
           if (!EnterMountNamespace() || !MountTmpfs(folder, "64k")) _exit(2);
         }) == 0;
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_MOUNT_NAMESPACE_H_
