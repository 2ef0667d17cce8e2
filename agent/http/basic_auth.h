#ifndef SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_
#define SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/http_policy.h"
#include "agent/http/password_throttle.h"

namespace shmetrics::agent {

/// What htpasswd -nB and its like write: $2a$, $2b$ or $2y$, a cost of 4 to 14, 53 characters. A higher cost
/// would let one login hold up every scrape for seconds.
bool IsBcryptHash(std::string_view text);

/// Checks the user and password of HTTP's Basic scheme. One thread may use it. A bcrypt hash takes a tenth of
/// a second on purpose, so what was found right once is known again by a keyed hash, and who guesses is slowed
/// down: guesses can take no more than a fifth of the thread's time.
class BasicAuth {
 public:
  enum class Verdict : std::uint8_t { kAdmitted, kRefused, kTooManyGuesses };

  BasicAuth();

  /// `authorization` is the header's value; `client` its address, by which guesses are told apart.
  Verdict Check(const std::vector<WebUser>& users, std::string_view authorization, const std::string& client);

 private:
  using Digest = std::array<std::uint8_t, 32>;

  Digest Remembered(const WebUser& user, const std::string& password) const;

  Digest key_;                           // of this process and nobody else
  std::map<std::string, Digest> known_;  // by user name: the password that was right
  GuessPace pace_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_
