#ifndef SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_
#define SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace shmetrics::agent {

/// Cuts connections that take too long. The HTTP library's own timeout counts from the last byte, so a client
/// that sends a byte now and then would keep its place for ever. Thread-safe; a thread of its own does the
/// work.
class ConnectionDeadlines {
 public:
  explicit ConnectionDeadlines(std::chrono::milliseconds allowed);
  ~ConnectionDeadlines();
  ConnectionDeadlines(const ConnectionDeadlines&) = delete;
  ConnectionDeadlines& operator=(const ConnectionDeadlines&) = delete;

  /// Gives `fd` the allowed time from now on, also if it is already watched.
  void Restart(int fd);
  /// After this returns, `fd` is not touched any more. Call it before `fd` is closed: right after that,
  /// another connection may have the same number.
  void Forget(int fd);

 private:
  using Clock = std::chrono::steady_clock;

  void CutUntilStopped();
  /// Shuts down the connections that are due and returns when to look again.
  Clock::time_point CutWhatIsDue();

  const std::chrono::milliseconds allowed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<int, Clock::time_point> ends_;  // by file descriptor
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_
