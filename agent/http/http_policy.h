#ifndef SHMETRICS_AGENT_HTTP_HTTP_POLICY_H_
#define SHMETRICS_AGENT_HTTP_HTTP_POLICY_H_

// Which clients an HTTP server answers, and how long it waits for them: plain values from the section [web]
// of the configuration.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace shmetrics::agent {

struct TlsFiles {
  std::string certificate;  ///< PEM, followed by its chain
  std::string key;          ///< PEM

  bool operator==(const TlsFiles&) const = default;
};

struct WebUser {
  std::string name;
  std::string bcrypt_hash;  ///< $2y$..., as htpasswd -nB writes it

  bool operator==(const WebUser&) const = default;
};

/// The limits of a server, fixed when it starts.
struct HttpLimits {
  unsigned max_connections =
      64;  ///< for each listen address; beyond them idle ones are closed, or clients wait
  /// How long the head of a request may take to arrive, from its first byte or the start of its connection.
  /// The same time is allowed again from there to the end of its answer.
  std::chrono::milliseconds deadline{30'000};
  /// How long a connection stays open between two requests, if nobody else needs its place. Longer than any
  /// interval at which one scrapes.
  std::chrono::milliseconds idle{std::chrono::hours(1)};

  bool operator==(const HttpLimits&) const = default;
};

/// The settings that can change while a server runs.
struct HttpPolicy {
  std::optional<TlsFiles> tls;  ///< on TCP only; a Unix socket has the file system's permissions
  std::vector<WebUser> users;   ///< empty: no password is asked for
  /// Names accepted in a Host header besides the address itself, localhost and numbers: NAME or NAME:PORT.
  /// "*" accepts anything. A Unix socket accepts anything.
  std::vector<std::string> allowed_hosts;

  bool operator==(const HttpPolicy&) const = default;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_POLICY_H_
