#ifndef SHMETRICS_SHM_BASE_ROBUST_MUTEX_H_
#define SHMETRICS_SHM_BASE_ROBUST_MUTEX_H_

// Robust mutex: a mutex in shared memory whose holder may die, and for which nobody waits for long. POSIX's robust
// mutex, with the bound on the wait that a holder stopped by a debugger or by cpu.max makes necessary.
//
// Not async-signal-safe. The memory must never be unmapped while a process can hold the mutex: the kernel writes to it
// when a holder dies, wherever it then points to.

#include <pthread.h>

#include <cstdint>

namespace shmetrics::shm {

class RobustMutex {
 public:
  /// How long Lock() waits at most: long for a decision, short for an application.
  static constexpr std::int64_t kMaxWaitNs = 50'000'000;

  enum class Outcome : std::uint8_t {
    kLocked,
    kOwnerDied,  ///< locked; its last holder died within, so what it guards must be repaired: then MarkConsistent()
    kBusy,           ///< not locked: somebody held it all the time
    kUnrecoverable,  ///< not locked, and never again: somebody unlocked it without having repaired
  };

  explicit RobustMutex(pthread_mutex_t* mutex) : mutex_(mutex) {}

  /// Makes a mutex of zero bytes. Once, before anybody else can see it.
  static void Initialize(pthread_mutex_t* mutex);

  Outcome Lock();
  /// As Lock(), without any wait.
  Outcome TryLock();
  /// After kOwnerDied and the repair. A death before this leaves the mutex to the next as it was.
  void MarkConsistent();
  void Unlock();

 private:
  pthread_mutex_t* mutex_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_ROBUST_MUTEX_H_
