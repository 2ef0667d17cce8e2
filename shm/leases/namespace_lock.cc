#include "shm/leases/namespace_lock.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/base/pid_namespace.h"
#include "shm/segment/lock_file.h"

namespace shmetrics::shm {
namespace {

constexpr std::int64_t kPollNs = 200'000;

void Pause(std::int64_t at_most_ns) {
  const timespec pause{0, std::min(at_most_ns, kPollNs)};
  nanosleep(&pause, nullptr);
}

/// Who holds the byte.
Holding HoldingOf(const LockFile& file, const Segment& segment, std::uint32_t shard) {
  return {static_cast<std::uint32_t>(file.HolderOf(shard)),
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
  LockFile& file = segment.lock_file();
  for (;;) {
    std::optional<Holding> holding;
    {
      NamespaceLock attempt;
      ProcessLock& process_lock = TheProcessLock();
      if (pthread_mutex_trylock(&process_lock.mutex) == 0) {
        attempt.process_lock_ = &process_lock;
        if (Result<void> opened = file.Open(segment); !opened.ok()) return opened.error();
        if (file.TryLock(shard)) {
          attempt.file_ = &file;
          attempt.byte_ = shard;
          return attempt;
        }
        holding = HoldingOf(file, segment, shard);
      }
      // The attempt is given up for the pause, because other threads may want other shards.
    }
    // Without a holding, a thread of this process is deciding, perhaps for another shard.
    const std::int64_t next_try_ns = holding ? wait->NextTryNs(*holding) : wait->NextTryNs();
    if (next_try_ns == 0) return Busy(segment, shard, *wait);
    Pause(next_try_ns);
  }
}

void NamespaceLock::OpenEarly(const Segment& segment) noexcept try {
  if (segment.header().shared_pid_namespaces == 0) return;
  NamespaceLock opening;
  ProcessLock& process_lock = TheProcessLock();
  // Else another thread decides, and opens it.
  if (pthread_mutex_trylock(&process_lock.mutex) != 0) return;
  opening.process_lock_ = &process_lock;
  (void)segment.lock_file().Open(segment);  // who decides is told
} catch (const std::exception&) {           // who decides is told
}

NamespaceLock::NamespaceLock(NamespaceLock&& other) noexcept
    : process_lock_(std::exchange(other.process_lock_, nullptr)),
      file_(std::exchange(other.file_, nullptr)),
      byte_(other.byte_) {}

NamespaceLock::~NamespaceLock() {
  if (file_ != nullptr) file_->Unlock(byte_);
  if (process_lock_ != nullptr) pthread_mutex_unlock(&process_lock_->mutex);
}

}  // namespace shmetrics::shm
