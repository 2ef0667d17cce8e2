#ifndef SHMETRICS_SHM_BASE_FORK_GUARD_H_
#define SHMETRICS_SHM_BASE_FORK_GUARD_H_

// Fork guard: tells a process that it is not the one that asked before, but a child of it. A page that the
// kernel wipes in every child (MADV_WIPEONFORK) knows that after fork(), _Fork() and a raw clone alike, where
// pthread_atfork handlers run for the first only; no process id is compared, because those repeat.
// vfork children share the page, rightly: they share everything and may only exec.

#include <cstdint>

namespace shmetrics::shm {

class ForkGuard {
 public:
  /// A number, never 0, that is the same for the life of this process and differs from that of every process
  /// it descends from. Async-signal-safe after the first call. Cost: two loads.
  static std::uint64_t Generation();

  /// Whether the C library knows of this process: false in a child by a raw clone, where thread ids are still the
  /// parent's to it, and robust mutexes therefore neither robust nor exclusive.
  static bool IsKnownToLibc();

  /// Holds the process-local lock for everything that happens once in a process: claiming its slot, giving out its
  /// gauge cells. Free in every child, whoever held it in the parent. Not recursive. fork() does not wait for it, so
  /// it may be taken under any lock of the application. Never taken on the way to a counter.
  class Lock {
   public:
    Lock();
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
  };

  /// Keeps fork() waiting, so that no child inherits a descriptor that is open for a moment. Held for system calls
  /// only. While another thread forks it is not to be had for long, if that waits for a lock of the application that
  /// this thread holds: so it is tried for a moment, and held() says how that ended. A raw clone does not wait.
  class NoFork {
   public:
    NoFork();
    ~NoFork();
    bool held() const { return held_; }
    NoFork(const NoFork&) = delete;
    NoFork& operator=(const NoFork&) = delete;

   private:
    bool held_;
  };
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_FORK_GUARD_H_
