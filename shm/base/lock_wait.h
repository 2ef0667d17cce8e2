#ifndef SHMETRICS_SHM_BASE_LOCK_WAIT_H_
#define SHMETRICS_SHM_BASE_LOCK_WAIT_H_

// Lock wait: for how long one call waits for a lock that another process holds, and when it gives the holder
// up.
//
// A holder needs microseconds, so a lock that stays held has a holder that does not run. Either it waits for
// a CPU, as with many runnable processes or under cpu.max: then it goes on by itself, after some tenths of a
// second at worst, and giving it up would refuse users for nothing. Or it is stopped, by a signal, a debugger
// or a freezer: then nobody knows when it goes on, and waiting holds up an event loop for nothing. The kernel
// tells the two apart. Where it does not, the longer wait holds: being wrong costs time, once.
//
// What the process has found out about a holding is remembered, so that a stuck holder costs it one wait and
// not one a call.

#include <atomic>
#include <cstdint>

namespace shmetrics::shm {

/// One holding of a lock, from lock to unlock.
struct Holding {
  enum class Kind : std::uint8_t { kThread, kProcess };
  std::uint32_t holder = 0;  ///< its number in this PID namespace; 0: cannot be told
  std::uint32_t turn = 0;    ///< changes from one holding to the next, also of the same holder
  Kind kind = Kind::kThread;
};

/// What this process has seen of the holdings of one lock. Thread-safe, and good in a forked child. Two
/// threads that look at the same time may forget what the other one saw: that costs another wait.
class HolderWatch {
 public:
  /// For how long this process has seen this holding, without a break by another one.
  std::int64_t AgeNs(const Holding& holding, std::int64_t now_ns);
  /// From now on, AgeNs() of this holding is at least `age_ns`.
  void SetAge(const Holding& holding, std::int64_t age_ns, std::int64_t now_ns);

 private:
  /// The holding's name in the upper half, and in the lower one since when it is seen: CLOCK_MONOTONIC in
  /// milliseconds. One word, so that the two belong together. Writer: any thread that finds the lock held.
  std::atomic<std::uint64_t> seen_{0};
};

class LockWait {
 public:
  /// The longest wait of a caller who gives none. It matters only while the holders go on, one after the
  /// other, and this caller is never the next: a mutex is not fair. With 64 busy processes on one CPU, of 1.4
  /// million decisions 114 took more than 0.8 s, 3 more than 1.6 s and none more than 2.7 s; on two CPUs none
  /// of 9 million more than 0.3 s.
  static constexpr std::int64_t kDefaultNs = 5'000'000'000;
  /// A holding of this age is given up if its holder is stopped or asleep.
  static constexpr std::int64_t kStoppedNs = 50'000'000;
  /// A holding of this age is given up in any case.
  static constexpr std::int64_t kStuckNs = 1'000'000'000;

  /// Waits `max_wait_ns` at most, from the first NextTryNs() on; not at all with 0 or less.
  LockWait(HolderWatch* watch, std::int64_t max_wait_ns) : watch_(*watch), max_wait_ns_(max_wait_ns) {}

  /// Called each time that the lock is found held: for how long to try for it now. 0: give up.
  std::int64_t NextTryNs(const Holding& holding);
  /// The same where nobody knows who holds it: only the time limits the wait.
  std::int64_t NextTryNs();
  /// After it gave up: why, as the end of a sentence about the lock.
  const char* WhyGivenUp() const {
    return is_stuck_ ? "is held by a process that does not go on; continue it, or end it"
                     : "was held by others for as long as the call may wait; ask again";
  }

 private:
  std::int64_t LeftNs(std::int64_t now_ns);

  HolderWatch& watch_;
  const std::int64_t max_wait_ns_;
  std::int64_t begun_ns_ = 0;      ///< 0: not yet
  std::int64_t next_look_ns_ = 0;  ///< when the kernel is asked again
  bool is_stuck_ = false;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_BASE_LOCK_WAIT_H_
