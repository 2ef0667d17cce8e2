#ifndef SHMETRICS_SHM_BASE_FORK_GUARD_H_
#define SHMETRICS_SHM_BASE_FORK_GUARD_H_

// Fork guard: tells a process that it is a child of the one that asked before. The kernel wipes one page in
// every child (MADV_WIPEONFORK), after fork(), _Fork() and a raw clone alike; pthread_atfork handlers run
// only after fork(). No process ids are compared, because those repeat.
// vfork children share the page. That is right: they share everything, and may only exec.

#include <cstdint>
#include <utility>

namespace shmetrics::shm {

class ForkGuard {
 public:
  /// A number, never 0, that is the same for the life of this process and differs from that of every process
  /// it descends from. Async-signal-safe after the first call. Cost: two loads.
  static std::uint64_t Generation();

  /// False in a child made by a raw clone, which the C library does not know. There it still uses the
  /// parent's thread ids, so robust mutexes are neither robust nor exclusive.
  static bool IsKnownToLibc();

  /// Holds the lock for everything that happens once in a process: claiming its slot, giving out its gauge
  /// cells. It is free in every child, even if a thread of the parent held it. Not recursive. fork() does not
  /// wait for it, so it may be taken under any lock of the application. Never taken on the way to a counter.
  class Lock {
   public:
    Lock();
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
  };

  /// Keeps fork() waiting, so that no child inherits a descriptor that is open for a moment. Held for system
  /// calls only. If another thread is in fork() and that fork() waits for an application lock that this
  /// thread holds, waiting for it would never end. So the constructor tries for about a second, and held()
  /// says if it succeeded. It also fails if there is no memory to make fork() wait. Recursive within a thread.
  /// A raw clone does not wait.
  ///
  /// A signal handler that interrupts the holder may call fork(), which then does not wait for its own thread.
  /// Its child closes the descriptors named by CloseInChild().
  class NoFork {
   public:
    NoFork();
    ~NoFork();
    bool held() const { return held_; }
    /// If it is not held: why, as the end of a sentence.
    const char* why_not_held() const { return why_not_held_; }
    /// Names the one descriptor that is open under this guard. Forgotten when the guard ends.
    void CloseInChild(int fd) const;
    /// Guards of one thread end in the reverse order of their beginning, also after a move.
    NoFork(NoFork&& other) noexcept
        : held_(std::exchange(other.held_, false)),
          why_not_held_(other.why_not_held_),
          depth_(other.depth_) {}
    NoFork(const NoFork&) = delete;
    NoFork& operator=(const NoFork&) = delete;

   private:
    bool held_;
    const char* why_not_held_ = "another thread of this process has been in fork() for a second";
    std::uint32_t depth_ = 0;  ///< 1 for the first of the thread, 2 for one within it, ...
  };
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_FORK_GUARD_H_
