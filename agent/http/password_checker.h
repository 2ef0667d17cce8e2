#ifndef SHMETRICS_AGENT_HTTP_PASSWORD_CHECKER_H_
#define SHMETRICS_AGENT_HTTP_PASSWORD_CHECKER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "agent/http/http_policy.h"
#include "agent/http/known_passwords.h"
#include "agent/http/password_queue.h"

namespace shmetrics::agent {

/// How the requests with a password ended. Thread-safe.
struct PasswordCounts {
  std::atomic<std::uint64_t> remembered{0};   ///< right, and known to be right
  std::atomic<std::uint64_t> right{0};        ///< right by a check
  std::atomic<std::uint64_t> wrong{0};        ///< wrong by a check
  std::atomic<std::uint64_t> too_long{0};     ///< refused without a check
  std::atomic<std::uint64_t> turned_away{0};  ///< not checked, because too many waited
  std::atomic<std::uint64_t> waiting{0};      ///< now, being checked or not
};

/// Checks passwords in threads of its own, because a check takes up to a second and answers must not wait for
/// it. Thread-safe. One thread checks newcomers only, so that a scraper does not wait for guessers, whatever
/// their number. The threads begin with the first check.
class PasswordChecker {
 public:
  /// At most `most_waiting` requests wait, none longer than `patience` and one check. `counts` may be null.
  PasswordChecker(std::size_t most_waiting, std::chrono::milliseconds patience, PasswordCounts* counts);
  /// As many and as long as a server with these limits can let wait.
  PasswordChecker(const HttpLimits& limits, PasswordCounts* counts);
  ~PasswordChecker();
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

  /// What is known without a check, or else the request to check. `authorization` is the header's value, and
  /// `client` the ClientName() of its sender.
  std::variant<PasswordVerdict, PasswordRequest> Judge(const std::vector<WebUser>& users,
                                                       std::string_view authorization,
                                                       const std::string& client);

  /// Calls request.answer once, now or later, from any thread. It must not throw.
  void Check(PasswordRequest request) noexcept;

  /// Turns away what waits and all that comes, and ends the threads. It waits for the checks that go on.
  void Stop();

 private:
  using Clock = PasswordQueue::Clock;

  /// False if the system gives no threads. The next call tries again.
  bool StartThreads();
  void Work(bool is_for_newcomers);
  /// One round of Work(); `lock` is held before and after it.
  void WorkOnce(bool is_for_newcomers, std::unique_lock<std::mutex>* lock);
  /// Records a checked request, and returns those that its check answers too.
  std::vector<PasswordRequest> Learn(const PasswordRequest& checked, PasswordVerdict verdict);
  void End(PasswordRequest* request, PasswordVerdict verdict) noexcept;
  void EndAll(std::vector<PasswordRequest> requests, PasswordVerdict verdict) noexcept;

  const std::chrono::milliseconds patience_;
  PasswordCounts own_counts_;
  PasswordCounts& counts_;
  std::mutex mutex_;
  std::condition_variable changed_;
  PasswordQueue queue_;
  KnownPasswords known_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_PASSWORD_CHECKER_H_
