#ifndef SHMETRICS_TESTS_SOAK_SOAK_H_
#define SHMETRICS_TESTS_SOAK_SOAK_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

#include "shmetrics/registry.h"
#include "tests/soak/herd.h"
#include "tests/soak/ledger.h"
#include "tests/soak/oracle.h"
#include "tests/soak/room.h"
#include "tests/support/agent.h"

namespace shmetrics::soak {

/// What happens besides kills, stops and forks. Not everything can happen at once: a restarted agent does not
/// know what was counted in a segment that has lost its name, and a segment on a full tmpfs cannot be
/// replaced.
enum class Chaos : std::uint8_t { kAgentsDieAndTmpfsFills, kSegmentIsRemoved };

/// Workers, an agent, an oracle, and chaos among them. The seed decides what each does in its turn. The
/// scheduler decides when that is. So a seed repeats the actions, but not their timing.
class Soak {
 public:
  /// `agent`: the program. `may_fill`: the folder is on a small tmpfs of its own.
  Soak(std::string agent, const std::string& folder, Chaos chaos, std::uint64_t seed, bool may_fill);

  void Run(std::chrono::duration<double> duration);

 private:
  void Found() const;
  void TakeTurn();
  void Scrape();
  void DisturbWorkers();
  void DisturbAgent();
  void DisturbTmpfs();
  void RemoveSegment();
  void VisitEveryShard() const;
  void CheckTakeovers() const;
  void End();
  void Report(std::chrono::duration<double> duration) const;
  std::uint32_t Random(std::uint32_t below) { return static_cast<std::uint32_t>(random_() % below); }

  const std::string agent_program_;
  const Chaos chaos_;
  const bool may_fill_;
  const RegistryOptions registry_;
  std::mt19937_64 random_;
  Ledger ledger_;
  Herd herd_;
  Oracle oracle_;
  Room room_;
  std::optional<testing::Agent> agent_;
  std::uint64_t turns_ = 0;
  std::uint64_t agent_deaths_ = 0;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_SOAK_H_
