#include "agent/history/history_thread.h"

#include <exception>
#include <string>

#include "agent/base/log.h"
#include "agent/history/history_sampler.h"

namespace shmetrics::agent {

HistoryThread::HistoryThread(CurrentView* view, History* history)
    : thread_([this, view, history](const std::stop_token& stop) { Run(stop, view, history); }) {}

void HistoryThread::Run(const std::stop_token& stop, CurrentView* view, History* history) {
  HistorySampler sampler(view, history);
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    try {
      sampler.Run();
    } catch (const std::exception& error) {  // no memory: the next look may have some
      Log(LogLevel::kError, std::string("no look for the history: ") + error.what());
    }
    wake_.wait_for(lock, stop, History::kStep, [] { return false; });
  }
}

}  // namespace shmetrics::agent
