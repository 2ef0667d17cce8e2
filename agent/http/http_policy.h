#ifndef SHMETRICS_AGENT_HTTP_HTTP_POLICY_H_
#define SHMETRICS_AGENT_HTTP_HTTP_POLICY_H_

// Whom an HTTP server answers, and how long it waits for them: plain values from the section [web] of the
// configuration.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace shmetrics::agent {

struct TlsFiles {
  std::string certificate;  ///< PEM, with the chain behind it
  std::string key;          ///< PEM

  bool operator==(const TlsFiles&) const = default;
};

struct WebUser {
  std::string name;
  std::string bcrypt_hash;  ///< $2y$..., as htpasswd -nB writes it

  bool operator==(const WebUser&) const = default;
};

/// Fixed when a server starts.
struct HttpLimits {
  unsigned max_connections = 64;  ///< of each listen address; more wait for one to end
  /// How long a request line may take to arrive, from the start of its connection or the end of the answer
  /// before it, and again how long from there to the end of its answer.
  std::chrono::milliseconds deadline{30'000};

  bool operator==(const HttpLimits&) const = default;
};

/// What can be exchanged while a server runs.
struct HttpPolicy {
  std::optional<TlsFiles> tls;  ///< on TCP only; a Unix socket has the file system's permissions
  std::vector<WebUser> users;   ///< empty: nobody is asked for a password
  /// What a Host header may name besides the address itself, localhost and numbers: NAME or NAME:PORT; with
  /// "*" anything. A Unix socket takes any.
  std::vector<std::string> allowed_hosts;

  bool operator==(const HttpPolicy&) const = default;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_POLICY_H_
