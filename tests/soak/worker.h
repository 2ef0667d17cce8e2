#ifndef SHMETRICS_TESTS_SOAK_WORKER_H_
#define SHMETRICS_TESTS_SOAK_WORKER_H_

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/soak/metrics.h"
#include "tests/soak/record.h"

namespace shmetrics::soak {

/// How a worker is started.
struct WorkerTerms {
  RegistryOptions registry;
  std::uint64_t seed;
  /// The worker's number in the test. The child that it may fork has the next number.
  std::uint32_t incarnation;
  int pipe;         ///< where it reports what it does
  int childs_pipe;  ///< where that child reports
};

/// A process that does random operations, chosen by its seed, until it is killed. It reports each one before
/// and after.
class Worker {
 public:
  explicit Worker(const WorkerTerms& terms);
  [[noreturn]] void Run();
  /// Called at each crash point: now and then it stands there for a while, to be killed.
  void StandAt(std::string_view crash_point);

 private:
  struct Place {
    Lease lease;
    std::uint32_t number;
    std::int64_t ttl_ns;          ///< 0: none
    std::int64_t certain_until;   ///< it cannot have expired before this
    std::int64_t possible_until;  ///< it must have expired after this
  };

  void Say(Record record) const;
  void SayBroken(Broken promise) const;
  std::uint32_t Random(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  void Act();
  void Count();
  void CountIn(const Delta& delta);
  void VisitSomeone();
  void SetGauges();
  bool HasMetFullMemory() const;
  void AskForStream();
  void LeaveStream();
  void TakePlace();
  void RenewPlace();
  void LeavePlace();
  void Fork();

  WorkerTerms terms_;
  std::mt19937_64 random_;
  Registry& registry_;
  Metrics metrics_;
  std::vector<Lease> streams_;
  std::vector<Place> places_;
  std::uint32_t place_number_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_WORKER_H_
