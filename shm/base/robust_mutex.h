#ifndef SHMETRICS_SHM_BASE_ROBUST_MUTEX_H_
#define SHMETRICS_SHM_BASE_ROBUST_MUTEX_H_

// Robust mutex: a mutex in shared memory whose holder may die. It is POSIX's robust mutex, but the wait for
// it is bounded, because a debugger or cpu.max may stop the holder. lock_wait.h says how long it should be.
//
// Not async-signal-safe. The memory must stay mapped while a process can hold the mutex: when a holder dies,
// the kernel writes to that address, whatever is mapped there by then.

#include <pthread.h>

#include <cstdint>

namespace shmetrics::shm {

class RobustMutex {
 public:
  enum class Outcome : std::uint8_t {
    kLocked,
    /// Locked, but its last holder died while holding it. Repair what it guards, then call MarkConsistent().
    kOwnerDied,
    /// Not locked: somebody else held it all the time.
    kBusy,
    /// Not locked, and never can be again: somebody unlocked it without a repair.
    kUnrecoverable,
  };

  explicit RobustMutex(pthread_mutex_t* mutex) : mutex_(mutex) {}

  /// Makes a mutex out of zero bytes. Called once, before anyone else can see it.
  static void Initialize(pthread_mutex_t* mutex);

  /// Waits `max_wait_ns` at most.
  Outcome Lock(std::int64_t max_wait_ns);
  /// Like Lock(), but never waits.
  Outcome TryLock();
  /// The thread id of the present holder in its own PID namespace. 0 if there is none, or if the C library
  /// does not tell.
  std::uint32_t Holder() const;
  /// Called after kOwnerDied, when the repair is done. If this process dies first, the next one gets
  /// kOwnerDied too.
  void MarkConsistent();
  void Unlock();

 private:
  pthread_mutex_t* mutex_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_ROBUST_MUTEX_H_
