#include "agent/http/basic_auth.h"

#include <crypt.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <strings.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

namespace shmetrics::agent {
namespace {

constexpr std::string_view kScheme = "Basic ";
constexpr std::size_t kHashLength = 60;
// Longer credentials are not a password but an attempt to keep the decoder busy.
constexpr std::size_t kMaxCredentials = 1024;

struct Credentials {
  std::string name;
  std::string password;
};

/// Nothing if the scheme is not Basic, if it is not base64, or if it contains a NUL, which would end the
/// password early for crypt_r().
std::optional<Credentials> Decode(std::string_view authorization) {
  if (authorization.size() < kScheme.size() || authorization.size() > kMaxCredentials ||
      strncasecmp(authorization.data(), kScheme.data(), kScheme.size()) != 0) {
    return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  base64_decode_ctx decoder;
  base64_decode_init(&decoder);
  std::string decoded(BASE64_DECODE_LENGTH(authorization.size()), '\0');
  std::size_t size = decoded.size();
  if (base64_decode_update(&decoder, &size, reinterpret_cast<std::uint8_t*>(decoded.data()),
                           authorization.size(), authorization.data()) != 1 ||
      base64_decode_final(&decoder) != 1) {
    return std::nullopt;
  }
  decoded.resize(size);
  const std::size_t colon = decoded.find(':');
  if (colon == std::string::npos || decoded.find('\0') != std::string::npos) return std::nullopt;
  return Credentials{decoded.substr(0, colon), decoded.substr(colon + 1)};
}

bool IsHashOf(const std::string& password, const std::string& bcrypt_hash) {
  const auto work = std::make_unique<crypt_data>();  // 32 KiB
  const char* const made = crypt_r(password.c_str(), bcrypt_hash.c_str(), work.get());
  return IsBcryptHash(bcrypt_hash) && made != nullptr && std::string_view(made).size() == kHashLength &&
         memeql_sec(made, bcrypt_hash.data(), kHashLength) != 0;
}

}  // namespace

bool IsBcryptHash(std::string_view text) {
  constexpr std::string_view kAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  if (text.size() != kHashLength || text[0] != '$' || text[1] != '2' || text[3] != '$' || text[6] != '$') {
    return false;
  }
  const std::string_view cost = text.substr(4, 2);
  return std::string_view("aby").find(text[2]) != std::string_view::npos && cost >= "04" && cost <= "14" &&
         cost.find_first_not_of("0123456789") == std::string_view::npos &&
         text.find_first_not_of(kAlphabet, 7) == std::string_view::npos;
}

BasicAuth::BasicAuth() {
  for (std::size_t filled = 0; filled < key_.size();) {
    const ssize_t n = getrandom(key_.data() + filled, key_.size() - filled, 0);
    if (n > 0) filled += static_cast<std::size_t>(n);
    // Without random numbers from the kernel the digests would reveal the passwords.
    if (n < 0 && errno != EINTR) std::abort();
  }
}

BasicAuth::Digest BasicAuth::Remembered(const WebUser& user, const std::string& password) const {
  hmac_sha256_ctx hmac;
  hmac_sha256_set_key(&hmac, key_.size(), key_.data());
  // The text contains the hash, so that a changed hash forgets the password that was right before. Neither
  // the hash nor the password contains a NUL.
  const std::string text = user.bcrypt_hash + '\0' + password;
  hmac_sha256_update(&hmac, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  Digest digest;
  hmac_sha256_digest(&hmac, digest.size(), digest.data());
  return digest;
}

BasicAuth::Verdict BasicAuth::Check(const std::vector<WebUser>& users, std::string_view authorization,
                                    const std::string& client) {
  const std::optional<Credentials> sent = Decode(authorization);
  if (users.empty() || !sent) return users.empty() ? Verdict::kAdmitted : Verdict::kRefused;

  const auto user = std::ranges::find(users, sent->name, &WebUser::name);
  const bool exists = user != users.end();
  // A name that does not exist takes as much work as one that does, so that the time does not tell them
  // apart.
  const WebUser& candidate = exists ? *user : users.front();
  const Digest digest = Remembered(candidate, sent->password);
  const auto known = known_.find(candidate.name);
  const bool is_known =
      known != known_.end() && memeql_sec(known->second.data(), digest.data(), digest.size()) != 0;
  if (is_known && exists) return Verdict::kAdmitted;

  const PasswordThrottle::Clock::time_point began = PasswordThrottle::Clock::now();
  if (!throttle_.MayLook(client, began)) return Verdict::kTooManyGuesses;
  const bool is_right = IsHashOf(sent->password, candidate.bcrypt_hash);
  if (!is_right || !exists) {
    throttle_.WasWrong(client, began, PasswordThrottle::Clock::now());
    return Verdict::kRefused;
  }
  // Users removed from the configuration leave their digests here.
  if (known_.size() > users.size()) known_.clear();
  known_[candidate.name] = digest;
  return Verdict::kAdmitted;
}

}  // namespace shmetrics::agent
