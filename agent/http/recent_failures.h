#ifndef SHMETRICS_AGENT_HTTP_RECENT_FAILURES_H_
#define SHMETRICS_AGENT_HTTP_RECENT_FAILURES_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

namespace shmetrics::agent {

/// Who sent a wrong password, and when last. Forgets it after ten minutes, and the oldest first if there are
/// too many. Not thread-safe.
class RecentFailures {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr std::size_t kMost = 4096;
  /// Longer than a guesser can be made to wait for its next answer: else it would come back as a newcomer.
  static constexpr std::chrono::minutes kRemembered{10};

  void Add(const std::string& who, Clock::time_point now);
  void Forget(const std::string& who) { last_.erase(who); }
  /// Nothing if there was none lately.
  std::optional<Clock::time_point> Last(const std::string& who, Clock::time_point now) const;
  std::size_t size() const { return last_.size(); }

 private:
  std::map<std::string, Clock::time_point> last_;  // no hash table: strangers choose the keys
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_RECENT_FAILURES_H_
