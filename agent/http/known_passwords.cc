#include "agent/http/known_passwords.h"

#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace shmetrics::agent {

KnownPasswords::KnownPasswords() {
  for (std::size_t filled = 0; filled < key_.size();) {
    const ssize_t n = getrandom(key_.data() + filled, key_.size() - filled, 0);
    if (n > 0) filled += static_cast<std::size_t>(n);
    // Without random numbers from the kernel the digests would reveal the passwords.
    if (n < 0 && errno != EINTR) std::abort();
  }
}

KnownPasswords::Digest KnownPasswords::DigestOf(const WebUser& user, const std::string& password) const {
  hmac_sha256_ctx hmac;
  hmac_sha256_set_key(&hmac, key_.size(), key_.data());
  // Neither the hash nor the password contains a NUL.
  const std::string text = user.bcrypt_hash + '\0' + password;
  hmac_sha256_update(&hmac, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
  Digest digest;
  hmac_sha256_digest(&hmac, digest.size(), digest.data());
  return digest;
}

bool KnownPasswords::Has(const std::string& name, const Digest& digest) const {
  const auto known = by_name_.find(name);
  return known != by_name_.end() && memeql_sec(known->second.data(), digest.data(), digest.size()) != 0;
}

void KnownPasswords::Remember(const std::string& name, const Digest& digest, std::size_t users) {
  if (by_name_.size() > users) by_name_.clear();
  by_name_[name] = digest;
}

}  // namespace shmetrics::agent
