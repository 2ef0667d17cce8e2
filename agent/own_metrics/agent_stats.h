#ifndef SHMETRICS_AGENT_OWN_METRICS_AGENT_STATS_H_
#define SHMETRICS_AGENT_OWN_METRICS_AGENT_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <ctime>

#include "agent/http/response_budget.h"
#include "agent/own_metrics/scrape_stats.h"
#include "agent/own_metrics/worker_exits.h"

namespace shmetrics::agent {

/// Counts the HTTP servers' answers by status. Thread-safe.
class AnswerCounts {
 public:
  static constexpr std::size_t kStatuses = 600;

  void Add(int status) {
    const auto index = static_cast<std::size_t>(status);
    if (index < kStatuses) ++counts_[index];
  }
  std::uint64_t Of(std::size_t status) const { return counts_[status]; }

 private:
  std::array<std::atomic<std::uint64_t>, kStatuses> counts_{};
};

/// The result of the last reading of the configuration. Thread-safe.
struct ReloadStats {
  std::atomic<bool> successful{true};
  std::atomic<std::int64_t> success_unix_seconds{std::time(nullptr)};  ///< the start counts as one
};

/// How saving the ledger has gone. Thread-safe.
struct SaveStats {
  std::atomic<std::uint64_t> failures{0};
  std::atomic<std::int64_t> success_unix_seconds{0};  ///< of the last one; 0: none yet
};

/// What the agent has done since it started. Recorded where it happens, shown by SelfMetrics.
struct AgentStats {
  ScrapeStats scrapes;
  AnswerCounts answers;
  ReloadStats reload;
  WorkerExits worker_exits;
  SaveStats saves;
  ResponseBudget response_budget{ResponseBudget::kDefaultLimit};
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_AGENT_STATS_H_
