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

/// The workers and the children that they fork, each with its pipe. What comes through the pipes goes to the ledger.
class Herd {
 public:
  Herd(const RegistryOptions& registry, std::uint64_t seed, Ledger* ledger)
      : registry_(registry), seed_(seed), ledger_(*ledger) {}
  ~Herd();
  Herd(const Herd&) = delete;
  Herd& operator=(const Herd&) = delete;

  void StartWorker();
  /// Reads all that has been said until now.
  void Listen();

  /// Of those who live; a child that nobody has heard of yet is none of them.
  std::size_t size() const { return living_.size(); }
  /// SIGKILL to one of them, chosen by a number of any size; it is dead when this returns. A worker, no child, is replaced.
  void Kill(std::uint64_t choice, bool replace = true);
  /// SIGSTOP to one of them, for so many turns.
  void Stop(std::uint64_t choice, int turns);
  /// A turn is over: those who have been stopped for long enough go on.
  void Turn();
  void KillAll();
  /// Everybody goes on and says something more, however long that takes: nobody waits for the dead.
  void AwaitProgress();

  std::uint64_t kills() const { return kills_; }
  std::uint64_t stops() const { return stops_; }
  std::uint64_t forks() const { return forks_; }

 private:
  struct Process {
    std::uint32_t incarnation = 0;
    pid_t pid = 0;
    shm::UniqueFd pipe;
    shm::UniqueFd handle;   ///< a pidfd: readable when it is dead, whoever its parent is
    int stopped_turns = 0;  ///< left; 0: it runs
    std::uint64_t said = 0;
    bool has_ended = false;  ///< by itself, which is found when it is waited for
  };

  /// False when there is no more to come.
  bool Listen(Process& process);
  void MeetChildren();
  void Reap();

  const RegistryOptions registry_;
  const std::uint64_t seed_;
  Ledger& ledger_;
  std::deque<Process> living_;
  std::vector<shm::UniqueFd> unreaped_;  ///< of the dead
  std::deque<Process> unborn_;           ///< children that are not forked yet, or have not said so
  std::uint32_t next_incarnation_ = 1;
  std::uint64_t kills_ = 0, stops_ = 0, forks_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_HERD_H_
