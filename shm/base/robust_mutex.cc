#include "shm/base/robust_mutex.h"

#include <cerrno>
#include <ctime>

#include "shm/base/clock.h"

namespace shmetrics::shm {
namespace {

RobustMutex::Outcome OutcomeOf(int error) {
  switch (error) {
    case 0:
      return RobustMutex::Outcome::kLocked;
    case EOWNERDEAD:
      return RobustMutex::Outcome::kOwnerDied;
    case ENOTRECOVERABLE:
      return RobustMutex::Outcome::kUnrecoverable;
    default:  // EBUSY, ETIMEDOUT; EINVAL and EAGAIN come from damaged memory and prove nothing
      return RobustMutex::Outcome::kBusy;
  }
}

#ifdef __SANITIZE_THREAD__
/// ThreadSanitizer of g++ 12 does not know pthread_mutex_clocklock and would report the unlock as an error.
int LockUntil(pthread_mutex_t* mutex, std::int64_t deadline_ns) {
  int error = pthread_mutex_trylock(mutex);
  while (error == EBUSY && NowNs(CLOCK_MONOTONIC) < deadline_ns) {
    const timespec pause{0, 100'000};
    nanosleep(&pause, nullptr);
    error = pthread_mutex_trylock(mutex);
  }
  return error;
}
#else
/// Waits by CLOCK_MONOTONIC, which nobody sets. pthread_mutex_timedlock uses the wall clock: setting that
/// back would make the wait longer.
int LockUntil(pthread_mutex_t* mutex, std::int64_t deadline_ns) {
  const timespec deadline{deadline_ns / 1'000'000'000, deadline_ns % 1'000'000'000};
  return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &deadline);
}
#endif

}  // namespace

void RobustMutex::Initialize(pthread_mutex_t* mutex) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

RobustMutex::Outcome RobustMutex::Lock() {
  const Outcome at_once = TryLock();  // the usual case, without asking for the time
  return at_once == Outcome::kBusy ? OutcomeOf(LockUntil(mutex_, NowNs(CLOCK_MONOTONIC) + kMaxWaitNs))
                                   : at_once;
}

RobustMutex::Outcome RobustMutex::TryLock() { return OutcomeOf(pthread_mutex_trylock(mutex_)); }
void RobustMutex::MarkConsistent() { pthread_mutex_consistent(mutex_); }
void RobustMutex::Unlock() { pthread_mutex_unlock(mutex_); }

}  // namespace shmetrics::shm
