#ifndef SHMETRICS_AGENT_HTTP_ANSWERS_IN_FLIGHT_H_
#define SHMETRICS_AGENT_HTTP_ANSWERS_IN_FLIGHT_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace shmetrics::agent {

/// Counts the requests whose answers have not been sent to their end. Thread-safe.
class AnswersInFlight {
 public:
  void Begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void End() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_.notify_all();
  }
  /// Waits until there is none; false if there still is one at the time `end`.
  bool WaitUntilNone(std::chrono::steady_clock::time_point end) {
    std::unique_lock lock(mutex_);
    return none_.wait_until(lock, end, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_;
  std::size_t count_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_ANSWERS_IN_FLIGHT_H_
