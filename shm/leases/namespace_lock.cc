#include "shm/leases/namespace_lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"
#include "shm/base/pid_namespace.h"
#include "shm/segment/segment_file.h"

namespace shmetrics::shm {
namespace {

constexpr std::int64_t kPollNs = 200'000;

void Pause(std::int64_t at_most_ns) {
  const timespec pause{0, std::min(at_most_ns, kPollNs)};
  nanosleep(&pause, nullptr);
}

/// The lock file of a segment. Not valid if it is absent or cannot be used; then errno says why.
UniqueFd OpenLockFile(const std::string& path) {
  UniqueFd file = OpenFile(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  struct stat status;
  if (!file.valid() || fstat(file.get(), &status) != 0 || S_ISREG(status.st_mode)) return file;
  errno = EINVAL;
  return UniqueFd();
}

// Makes the lock file, with the mode that a segment in this folder has:
//   1 make a file without a name, set its mode    die here -> the kernel frees it
//   2 linkat                                      die here -> a lock file that others can use
// If several processes make it at the same time, one wins, and the others open its file.
Result<UniqueFd> OpenOrMakeLockFile(const std::string& path) {
  UniqueFd file = OpenLockFile(path);
  if (!file.valid() && errno == ENOENT) {
    const Result<UniqueFd> made = MakeUnnamedFile(path, 0);
    if (!made.ok()) return made.error();
    if (const Result<bool> named = GiveName(made.value(), path); !named.ok()) return named.error();
    file = OpenLockFile(path);
  }
  if (file.valid()) return file;
  return Error{ErrorCode::kNotOpenable,
               "cannot use lock file " + path +
                   ", which leases need where PID namespaces share a segment: " + std::strerror(errno)};
}

struct flock LockOf(std::uint32_t byte) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

/// The lock belongs to the process, not to the open file description. So children do not inherit it, and it
/// ends with the process.
bool TryLockByte(const UniqueFd& file, std::uint32_t byte) {
  struct flock lock = LockOf(byte);
  return fcntl(file.get(), F_SETLK, &lock) == 0;
}

/// Who holds the byte. The kernel gives 0 for a process of another PID namespace.
Holding HoldingOf(const UniqueFd& file, const Segment& segment, std::uint32_t shard) {
  struct flock lock = LockOf(shard);
  const bool is_held = fcntl(file.get(), F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  return {is_held ? static_cast<std::uint32_t>(lock.l_pid) : 0,
          // no order needed: it is only compared with what was read before
          segment.lease_shard(shard).turn.load(std::memory_order_relaxed), Holding::Kind::kProcess};
}

Error Busy(const Segment& segment, std::uint32_t shard, const LockWait& wait) {
  return Error{ErrorCode::kBusy, "lease shard " + std::to_string(shard) + " of segment " + segment.path() +
                                     " " + wait.WhyGivenUp()};
}

}  // namespace

/// Lets one thread of the process at a time use the lock file. A child makes its own, because the parent's
/// may be held by a thread that the child does not have.
struct NamespaceLock::ProcessLock {
  std::uint64_t generation;
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
};

NamespaceLock::ProcessLock& NamespaceLock::TheProcessLock() {
  // Never freed, because threads of an exiting process may still hold it. (Only the loser of a race below
  // frees its own.) A child keeps the memory of its parent's: a few bytes for each generation.
  constinit static std::atomic<ProcessLock*> present{nullptr};
  const std::uint64_t generation = ForkGuard::Generation();
  ProcessLock* lock = present.load(std::memory_order_acquire);  // pairs with the exchange below
  if (lock != nullptr && lock->generation == generation) return *lock;
  auto* made = new ProcessLock{generation};
  if (present.compare_exchange_strong(lock, made, std::memory_order_acq_rel)) return *made;
  delete made;
  return *lock;
}

Result<NamespaceLock> NamespaceLock::Lock(const Segment& segment, std::uint32_t shard, LockWait* wait) {
  const layout::Header& header = segment.header();
  if (!ForkGuard::IsKnownToLibc()) {
    return Error{ErrorCode::kForeignNamespace,
                 "a process made by a raw clone() cannot take leases, because robust mutexes do not work in "
                 "it; use fork()"};
  }
  if (header.shared_pid_namespaces == 0) {
    const std::uint64_t own = PidNamespace();
    if (own == 0) return PidNamespaceIsUnknown();
    if (own == header.pid_namespace) return NamespaceLock();
    return Error{ErrorCode::kForeignNamespace,
                 "segment " + segment.path() +
                     " takes leases of the PID namespace it was made in only, and this process is in "
                     "another; make the segment with shared_pid_namespaces"};
  }
  const std::string path = segment.path() + ".lock";
  for (;;) {
    std::optional<Holding> holding;
    {
      NamespaceLock attempt;
      ProcessLock& process_lock = TheProcessLock();
      if (pthread_mutex_trylock(&process_lock.mutex) == 0) {
        attempt.process_lock_ = &process_lock;
        attempt.no_fork_.emplace();
        if (!attempt.no_fork_->held()) {
          return Error{ErrorCode::kBusy,
                       "the lock file of segment " + segment.path() +
                           " was not opened, because another thread of this process has been in fork() for a "
                           "second; ask again"};
        }
        Result<UniqueFd> file = OpenOrMakeLockFile(path);
        if (!file.ok()) return file.error();
        attempt.file_ = std::move(file.value());
        attempt.no_fork_->CloseInChild(attempt.file_.get());
        if (TryLockByte(attempt.file_, shard)) return attempt;
        holding = HoldingOf(attempt.file_, segment, shard);
      }
      // The attempt is given up for the pause, because other threads may want other shards.
    }
    // Without a holding, a thread of this process is deciding, perhaps for another shard.
    const std::int64_t next_try_ns = holding ? wait->NextTryNs(*holding) : wait->NextTryNs();
    if (next_try_ns == 0) return Busy(segment, shard, *wait);
    Pause(next_try_ns);
  }
}

NamespaceLock::NamespaceLock(NamespaceLock&& other) noexcept
    : process_lock_(std::exchange(other.process_lock_, nullptr)),
      no_fork_(std::move(other.no_fork_)),
      file_(std::move(other.file_)) {}

NamespaceLock::~NamespaceLock() {
  file_ = UniqueFd();  // closed before another thread of this process may open it
  if (process_lock_ != nullptr) pthread_mutex_unlock(&process_lock_->mutex);
}

}  // namespace shmetrics::shm
