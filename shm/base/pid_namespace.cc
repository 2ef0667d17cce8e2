#include "shm/base/pid_namespace.h"

#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "shm/base/fork_guard.h"

namespace shmetrics::shm {

std::uint64_t PidNamespace() {
  constinit static std::atomic<std::uint64_t> known_inode{0};
  constinit static std::atomic<std::uint64_t> known_generation{0};
  const std::uint64_t generation = ForkGuard::Generation();
  if (known_generation.load(std::memory_order_acquire) != generation) {
    struct stat status;
    if (stat("/proc/self/ns/pid", &status) != 0) return 0;
    // no order needed: the store of the generation publishes it
    known_inode.store(status.st_ino, std::memory_order_relaxed);
    known_generation.store(generation, std::memory_order_release);  // pairs with the load above
  }
  return known_inode.load(std::memory_order_relaxed);  // no order needed: ordered by the generation
}

Error PidNamespaceIsUnknown() {
  return Error{
      ErrorCode::kUnknown,
      std::string(
          "the PID namespace of this process is not known, because /proc/self/ns/pid cannot be read: ") +
          std::strerror(errno) + "; mount /proc, or attach before the chroot"};
}

}  // namespace shmetrics::shm
