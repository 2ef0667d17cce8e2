#ifndef SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_
#define SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_

// HTTP's Basic scheme, and the bcrypt hashes that its passwords are compared with. Pure functions.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// bcrypt reads no more of a password. Two passwords that differ only behind it would be one.
inline constexpr std::size_t kMaxPasswordBytes = 72;

struct Credentials {
  std::string name;
  std::string password;
};

/// Reads the value of an Authorization header. Nothing if the scheme is not Basic, if it is not base64, or if
/// it contains a NUL, which would end the password early for crypt_r().
std::optional<Credentials> DecodeBasic(std::string_view authorization);

/// True for what htpasswd -nB and similar tools write: $2a$, $2b$ or $2y$, a cost of 4 to 14, 53 characters.
/// With a higher cost one check would take seconds.
bool IsBcryptHash(std::string_view text);

/// One more doubles the work of a check. 0 for a text that is no hash.
int CostOf(std::string_view bcrypt_hash);

/// Hashes the password and compares. At the usual cost of 10 it takes about a twentieth of a second, on
/// purpose. False for a text that is no hash, and for a password that bcrypt would cut.
bool IsHashOf(const std::string& password, const std::string& bcrypt_hash);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_BASIC_AUTH_H_
