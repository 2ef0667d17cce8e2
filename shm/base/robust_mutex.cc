#include "shm/base/robust_mutex.h"

#include <linux/futex.h>

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

RobustMutex::Outcome RobustMutex::Lock(std::int64_t max_wait_ns) {
  Outcome outcome = TryLock();  // the usual case, without asking for the time
  if (outcome != Outcome::kBusy) return outcome;
  outcome = OutcomeOf(LockUntil(mutex_, NowNs(CLOCK_MONOTONIC) + max_wait_ns));
  // This thread may have got no CPU until long after the deadline, and the mutex may be free by now.
  return outcome == Outcome::kBusy ? TryLock() : outcome;
}

RobustMutex::Outcome RobustMutex::TryLock() { return OutcomeOf(pthread_mutex_trylock(mutex_)); }

std::uint32_t RobustMutex::Holder() const {
#ifdef __GLIBC__
  // no order needed: a number to ask the kernel about, and it may be another one by then
  return static_cast<std::uint32_t>(__atomic_load_n(&mutex_->__data.__lock, __ATOMIC_RELAXED)) &
         FUTEX_TID_MASK;
#else
  return 0;
#endif
}

void RobustMutex::MarkConsistent() { pthread_mutex_consistent(mutex_); }
void RobustMutex::Unlock() { pthread_mutex_unlock(mutex_); }

}  // namespace shmetrics::shm
