#ifndef SHMETRICS_AGENT_HISTORY_HISTORY_SAMPLER_H_
#define SHMETRICS_AGENT_HISTORY_HISTORY_SAMPLER_H_

#include <chrono>
#include <cstdint>

#include "agent/history/history.h"
#include "agent/view/current_view.h"

namespace shmetrics::agent {

/// Takes the looks of a history. A look at very many series may cost more than the history is worth: then it
/// looks less often, so that it takes a hundredth of one core.
class HistorySampler {
 public:
  /// Both must outlive this. Others may use `history` only during a turn at `view`.
  HistorySampler(CurrentView* view, History* history) : view_(view), history_(history) {}

  /// Call it every History::kStep. It waits for its turn at the view.
  void Run();
  /// When the next look is due after a look that cost this much CPU time: a whole number of steps.
  static std::chrono::nanoseconds StepAfter(std::chrono::nanoseconds cost);

 private:
  void Look();

  CurrentView* const view_;
  History* const history_;
  std::chrono::nanoseconds step_ = History::kStep;
  std::chrono::nanoseconds last_cost_{0};
  std::int64_t last_boot_ns_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_HISTORY_SAMPLER_H_
