#ifndef SHMETRICS_AGENT_HTTP_PASSWORD_QUEUE_H_
#define SHMETRICS_AGENT_HTTP_PASSWORD_QUEUE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "agent/http/http_policy.h"
#include "agent/http/known_passwords.h"
#include "agent/http/recent_failures.h"

namespace shmetrics::agent {

enum class PasswordVerdict : std::uint8_t {
  kRight,       ///< or none is needed
  kWrong,       ///< wrong, or none was sent
  kTooLong,     ///< bcrypt would cut it
  kTurnedAway,  ///< it was not checked: too many others waited
};

/// A password that waits for its check.
struct PasswordRequest {
  std::string client;  ///< where it comes from: ClientName()
  std::string name;    ///< of the user, as it was sent
  std::string password;
  WebUser candidate;                ///< the user whose hash is compared
  bool is_known_name = false;       ///< the candidate has this name, and so can be right
  std::size_t users = 0;            ///< how many there are
  KnownPasswords::Digest digest{};  ///< of the candidate's hash and the password
  std::chrono::steady_clock::time_point since{};
  std::function<void(PasswordVerdict)> answer;  ///< called once, by any thread
};

/// Which password is checked next, so that guessers keep nobody out. Not thread-safe.
///
/// Each address has its first place before any address has its second one. Among first places, addresses that
/// sent no wrong password lately come before those that did; of the latter, the one that failed longest ago
/// comes first. Within an address, names that did not fail there come first: that tells a scraper from the
/// guessers who share a proxy with it.
class PasswordQueue {
 public:
  using Clock = std::chrono::steady_clock;

  explicit PasswordQueue(std::size_t most) : most_(most) { waiting_.reserve(most + 1); }

  /// Returns the request that must be turned away, if there are too many now. Of newcomers it is the one in
  /// the middle, because the first and the last are served next.
  std::optional<PasswordRequest> Add(PasswordRequest request, Clock::time_point now);

  /// The next one by the order above.
  std::optional<PasswordRequest> TakeFirst(Clock::time_point now);
  /// The last newcomer: the first request of an address that did not fail lately. When many newcomers come at
  /// once, the others of this kind that came earlier may be guessers too.
  std::optional<PasswordRequest> TakeLastNewcomer(Clock::time_point now);
  /// To be called once for what TakeFirst() or TakeLastNewcomer() returned.
  void Finish(const PasswordRequest& request);
  /// Learns how a request ended.
  void Record(const PasswordRequest& request, bool is_right, Clock::time_point now);

  /// Those with the same name and password as `checked`, which need no check of their own.
  std::vector<PasswordRequest> TakeAlike(const PasswordRequest& checked);
  /// Those that have waited since before `then`.
  std::vector<PasswordRequest> TakeOlderThan(Clock::time_point then);

  std::size_t size() const { return waiting_.size(); }

 private:
  struct Rank {
    std::size_t before;        // requests of the same address that come first, also those being checked
    Clock::time_point failed;  // when the address failed last; the least possible time: not lately
    std::size_t index;         // in waiting_

    bool operator<(const Rank& other) const {
      return std::tie(before, failed, index) < std::tie(other.before, other.failed, other.index);
    }
    bool IsNewcomer() const { return before == 0 && failed == Clock::time_point::min(); }
  };

  /// Best first.
  std::vector<Rank> Ranked(Clock::time_point now) const;
  PasswordRequest Remove(std::size_t index);
  PasswordRequest Start(std::size_t index);
  template <class Predicate>
  std::vector<PasswordRequest> TakeIf(Predicate is_taken);

  const std::size_t most_;
  std::vector<PasswordRequest> waiting_;              // in the order in which they came
  std::map<std::string, std::size_t> being_checked_;  // by client
  RecentFailures failed_clients_;
  RecentFailures failed_names_;  // of names at an address
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_PASSWORD_QUEUE_H_
