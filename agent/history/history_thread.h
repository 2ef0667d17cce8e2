#ifndef SHMETRICS_AGENT_HISTORY_HISTORY_THREAD_H_
#define SHMETRICS_AGENT_HISTORY_HISTORY_THREAD_H_

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "agent/history/history.h"
#include "agent/view/current_view.h"

namespace shmetrics::agent {

/// Fills a history from its construction to its destruction. A thread of its own, because a look waits for its
/// turn at the view, and nothing else may wait for that.
class HistoryThread {
 public:
  /// As for HistorySampler.
  HistoryThread(CurrentView* view, History* history);

 private:
  void Run(const std::stop_token& stop, CurrentView* view, History* history);

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  ///< last, so that the others live longer
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_HISTORY_THREAD_H_
