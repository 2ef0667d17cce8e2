#ifndef SHMETRICS_AGENT_HTTP_KNOWN_PASSWORDS_H_
#define SHMETRICS_AGENT_HTTP_KNOWN_PASSWORDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "agent/http/http_policy.h"

namespace shmetrics::agent {

/// Remembers which password of a user was right, as a keyed hash, so that a scraper costs one check and not
/// one for each scrape. Not thread-safe.
class KnownPasswords {
 public:
  using Digest = std::array<std::uint8_t, 32>;

  KnownPasswords();

  /// Stands for the password together with the user's hash. With a new hash, the former password is forgotten.
  Digest DigestOf(const WebUser& user, const std::string& password) const;

  bool Has(const std::string& name, const Digest& digest) const;
  /// Replaces what was remembered of that user: only one password is right. Of users that the configuration
  /// no longer has, it keeps as many as there are users.
  void Remember(const std::string& name, const Digest& digest, std::size_t users);

 private:
  Digest key_;  // only this process has it
  std::map<std::string, Digest> by_name_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_KNOWN_PASSWORDS_H_
