#ifndef SHMETRICS_AGENT_HTTP_PASSWORD_THROTTLE_H_
#define SHMETRICS_AGENT_HTTP_PASSWORD_THROTTLE_H_

#include <chrono>
#include <map>
#include <string>

namespace shmetrics::agent {

/// Says when a password that is not known to be right may be checked. After a wrong password its sender waits
/// a second, so that others get a turn first. After each check everyone waits four times as long as the check
/// took, so that checks take at most a fifth of the time however many clients guess.
class PasswordThrottle {
 public:
  using Clock = std::chrono::steady_clock;

  bool MayLook(const std::string& client, Clock::time_point now) const;
  void WasWrong(const std::string& client, Clock::time_point began, Clock::time_point now);

 private:
  Clock::time_point everybody_waits_until_{};
  std::map<std::string, Clock::time_point> waits_until_;  // no larger than the wrong guesses of one second
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_PASSWORD_THROTTLE_H_
