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

/// True for what htpasswd -nB and similar tools write: $2a$, $2b$ or $2y$, a cost of 4 to 14, 53 characters.
/// With a higher cost one login would delay every scrape by seconds.
bool IsBcryptHash(std::string_view text);

/// Checks the user and password of HTTP's Basic scheme. For use by one thread. A bcrypt hash takes a tenth of
/// a second on purpose. So a password that was right once is recognised by a keyed hash, and clients who
/// guess are slowed down: guesses take at most a fifth of the thread's time.
class BasicAuth {
 public:
  enum class Verdict : std::uint8_t { kAdmitted, kRefused, kTooManyGuesses };

  BasicAuth();

  /// `authorization` is the header's value. `client` is the client's address, which tells the guesses of
  /// different clients apart.
  Verdict Check(const std::vector<WebUser>& users, std::string_view authorization, const std::string& client);

 private:
  using Digest = std::array<std::uint8_t, 32>;

  Digest Remembered(const WebUser& user, const std::string& password) const;

  Digest key_;                           // only this process has it
  std::map<std::string, Digest> known_;  // by user name: the password that was right
  PasswordThrottle throttle_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_
