#include "shm/namespace_lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <string>
#include <utility>

#include "shm/clock.h"
#include "shm/fork_guard.h"
#include "shm/robust_mutex.h"

namespace shmetrics::shm {
namespace {

constexpr std::int64_t kPollNs = 200'000;

void Pause() {
  const timespec pause{0, kPollNs};
  nanosleep(&pause, nullptr);
}

/// The lock file of a segment, made if there is none, for everybody who may write to the segment.
Result<UniqueFd> OpenLockFile(const Segment& segment) {
  const std::string path = segment.path() + ".lock";
  constexpr int kFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  UniqueFd file(open(path.c_str(), kFlags));
  if (!file.valid() && errno == ENOENT) {
    file = UniqueFd(open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
    struct stat of_segment;
    // With the segment's mode, which the umask must not narrow. Whoever opens it before this fails once more.
    if (file.valid() && stat(segment.path().c_str(), &of_segment) == 0) {
      fchmod(file.get(), of_segment.st_mode & 0660);
    } else if (errno == EEXIST) {
      file = UniqueFd(open(path.c_str(), kFlags));
    }
  }
  struct stat status;
  if (file.valid() && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode)) return file;
  return Error{ErrorCode::kNotOpenable,
               "cannot use lock file " + path + ", which leases need where PID namespaces share a segment: " +
                   (file.valid() ? "it is not a regular file" : std::strerror(errno))};
}

/// A lock of the process, not of the description: children do not inherit it, and it ends with the process.
bool TryLockByte(const UniqueFd& file, std::uint32_t byte) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return fcntl(file.get(), F_SETLK, &lock) == 0;
}

Error Busy(std::uint32_t shard) {
  return Error{ErrorCode::kBusy,
               "lease shard " + std::to_string(shard) + " is held by another process; ask again"};
}

}  // namespace

std::uint64_t PidNamespace() {
  // Asked anew in every process: a child may be in another.
  constinit static std::atomic<std::uint64_t> known_inode{0};
  constinit static std::atomic<std::uint64_t> known_generation{0};
  const std::uint64_t generation = ForkGuard::Generation();
  if (known_generation.load(std::memory_order_acquire) != generation) {
    struct stat status;
    const std::uint64_t inode = stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
    known_inode.store(inode,
                      std::memory_order_relaxed);  // no order needed: the generation behind it publishes
    known_generation.store(generation, std::memory_order_release);  // pairs with the load above
  }
  return known_inode.load(std::memory_order_relaxed);  // no order needed: ordered by the generation
}

/// One at a time in a process. A child's is made anew: the parent's may be held by a thread that the child does not have.
struct NamespaceLock::ProcessLock {
  std::uint64_t generation;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
};

NamespaceLock::ProcessLock& NamespaceLock::TheProcessLock() {
  // Never freed but for a race just lost: threads of an exiting process may still hold it. A parent's stays in the child
  // too, a few bytes for each generation.
  constinit static std::atomic<ProcessLock*> present{nullptr};
  const std::uint64_t generation = ForkGuard::Generation();
  ProcessLock* lock = present.load(std::memory_order_acquire);  // pairs with the exchange below
  if (lock != nullptr && lock->generation == generation) return *lock;
  auto* made = new ProcessLock{generation};
  if (present.compare_exchange_strong(lock, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *lock;
}

Result<NamespaceLock> NamespaceLock::Take(const Segment& segment, std::uint32_t shard) {
  const layout::Header& header = segment.header();
  NamespaceLock lock;
  if (header.shared_pid_namespaces == 0) {
    if (header.pid_namespace != 0 && header.pid_namespace == PidNamespace()) return lock;
    return Error{ErrorCode::kForeignNamespace,
                 "segment " + segment.path() +
                     " takes leases of the PID namespace it was made in only, and this process is in "
                     "another; make the segment with shared_pid_namespaces"};
  }
  const std::int64_t deadline = NowNs(CLOCK_MONOTONIC) + RobustMutex::kMaxWaitNs;
  ProcessLock& process_lock = TheProcessLock();
  while (pthread_mutex_trylock(&process_lock.mutex) != 0) {
    if (NowNs(CLOCK_MONOTONIC) > deadline) return Busy(shard);
    Pause();
  }
  lock.process_lock_ = &process_lock;
  Result<UniqueFd> file = OpenLockFile(segment);
  if (!file.ok()) return file.error();
  lock.file_ = std::move(file.value());
  while (!TryLockByte(lock.file_, shard)) {
    if (NowNs(CLOCK_MONOTONIC) > deadline) return Busy(shard);
    Pause();
  }
  return lock;
}

NamespaceLock::NamespaceLock(NamespaceLock&& other) noexcept
    : process_lock_(std::exchange(other.process_lock_, nullptr)), file_(std::move(other.file_)) {}

NamespaceLock::~NamespaceLock() {
  file_ = UniqueFd();  // before others of this process may open it
  if (process_lock_ != nullptr) pthread_mutex_unlock(&process_lock_->mutex);
}

}  // namespace shmetrics::shm
