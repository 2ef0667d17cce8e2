#ifndef SHMETRICS_TESTS_SOAK_HERD_H_
#define SHMETRICS_TESTS_SOAK_HERD_H_

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shmetrics/registry.h"
#include "tests/soak/ledger.h"
#include "tests/soak/record.h"

namespace shmetrics::soak {

/// The workers and the children that they fork, each with its pipe. What they write to the pipes goes to the
/// ledger.
class Herd {
 public:
  Herd(const RegistryOptions& registry, std::uint64_t seed, Ledger* ledger)
      : registry_(registry), seed_(seed), ledger_(*ledger) {}
  ~Herd();
  Herd(const Herd&) = delete;
  Herd& operator=(const Herd&) = delete;

  void StartWorker();
  /// Reads everything said until now.
  void Listen();

  /// The number of those that live, without children that nobody has heard of yet.
  std::size_t size() const { return living_.size(); }
  /// Kills one of them, chosen by a number of any size, and returns when it is dead. Replaces a worker, but
  /// not a child.
  void Kill(std::uint64_t choice, bool replace = true);
  /// The same for one that has said that it holds the lock of a shard. False if there is none.
  bool KillHolder();
  /// Stops one of them for so many turns.
  void Stop(std::uint64_t choice, int turns);
  /// Ends a turn: those that have been stopped for long enough go on.
  void Turn();
  void KillAll();
  /// Lets everyone go on, and waits until each has said something more, however long that takes. That proves
  /// that the dead block nobody.
  void AwaitProgress();

  std::uint64_t kills() const { return kills_; }
  /// How many were certainly killed while they held a lock that nobody else had left.
  std::uint64_t holders_killed() const { return holders_killed_; }
  std::uint64_t stops() const { return stops_; }
  std::uint64_t forks() const { return forks_; }

 private:
  struct Process {
    std::uint32_t incarnation = 0;
    pid_t pid = 0;
    shm::UniqueFd pipe;
    shm::UniqueFd handle;   ///< a pidfd: readable when it is dead, even if it is not our child
    int stopped_turns = 0;  ///< turns left; 0: it runs
    std::uint64_t said = 0;
    Holding holding = Holding::kNot;
    bool has_ended = false;  ///< by itself; waiting for it finds out
  };

  /// False if no more can come.
  bool Listen(Process& process);
  void MeetChildren();
  void Reap();

  const RegistryOptions registry_;
  const std::uint64_t seed_;
  Ledger& ledger_;
  std::deque<Process> living_;
  std::vector<shm::UniqueFd> unreaped_;  ///< handles of the dead
  std::deque<Process> unborn_;           ///< children not forked yet, or not heard of yet
  std::uint32_t next_incarnation_ = 1;
  std::uint64_t kills_ = 0, holders_killed_ = 0, stops_ = 0, forks_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_HERD_H_
