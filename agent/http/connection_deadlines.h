#ifndef SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_
#define SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace shmetrics::agent {

/// Cuts connections that take too long. The HTTP library's own timeout counts from the last byte, so a client
/// that sends one now and then keeps its place for ever. Any thread may call it; one of its own does the work.
class ConnectionDeadlines {
 public:
  explicit ConnectionDeadlines(std::chrono::milliseconds allowed);
  ~ConnectionDeadlines();
  ConnectionDeadlines(const ConnectionDeadlines&) = delete;
  ConnectionDeadlines& operator=(const ConnectionDeadlines&) = delete;

  /// From now on `fd` has the allowed time; so it has again if it was watched already.
  void Restart(int fd);
  /// Once this returns `fd` is not touched any more. To be called before it is closed: its number may be
  /// another connection's the moment after.
  void Forget(int fd);

 private:
  using Clock = std::chrono::steady_clock;

  void CutUntilStopped();
  /// Shuts down what is due and says when to look again.
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
