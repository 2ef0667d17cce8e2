#ifndef SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_
#define SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <unordered_map>

namespace shmetrics::agent {

/// Cuts connections that take too long. The HTTP library's own timeout counts from the last byte, so a client
/// that sends a byte now and then would keep its place for ever. A connection between two requests takes no
/// time from anybody: it stays for the idle time, or until its place is needed. Thread-safe; a thread of its
/// own does the work.
class ConnectionDeadlines {
 public:
  /// `allowed` is for a connection with a request, `idle` for one without.
  ConnectionDeadlines(std::chrono::milliseconds allowed, std::chrono::milliseconds idle);
  ~ConnectionDeadlines();
  ConnectionDeadlines(const ConnectionDeadlines&) = delete;
  ConnectionDeadlines& operator=(const ConnectionDeadlines&) = delete;

  /// Gives `fd` the allowed time from now on, also if it is already watched.
  void Restart(int fd);
  /// `fd` has no request now, and gets the idle time.
  void Rest(int fd);
  /// `fd` has a request again. One that had a request already gets no more time.
  void Wake(int fd);
  /// After this returns, `fd` is not touched any more. Call it before `fd` is closed: right after that,
  /// another connection may have the same number.
  void Forget(int fd);

  /// Cuts idle connections, those that have been idle for longest first, until `places` connections have been
  /// cut and not yet forgotten, or no idle one is left. Leaves those whose clients have just sent something.
  void MakeRoom(std::size_t places);

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr Clock::time_point kCut = Clock::time_point::max();
  struct Watched {
    Clock::time_point end;  ///< kCut: it has been cut
    bool is_idle = false;
  };

  void Watch(int fd, Watched watched);
  void CutUntilStopped();
  /// Shuts down the connections that are due and returns when to look again.
  Clock::time_point CutWhatIsDue();
  static void Cut(int fd, Watched* watched);

  const std::chrono::milliseconds allowed_;
  const std::chrono::milliseconds idle_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<int, Watched> watched_;  // by file descriptor
  Clock::time_point next_look_ = Clock::time_point::max();
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_CONNECTION_DEADLINES_H_
