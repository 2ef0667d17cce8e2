#ifndef SHMETRICS_AGENT_HTTP_TLS_CREDENTIALS_H_
#define SHMETRICS_AGENT_HTTP_TLS_CREDENTIALS_H_

#include <memory>

#include "agent/http/http_policy.h"
#include "shm/result.h"

struct gnutls_session_int;

namespace shmetrics::agent {

/// A certificate and its key, as they were in the files at one moment. The one room of GnuTLS.
class TlsCredentials {
 public:
  /// kBadOption, naming the file, if one cannot be read or they do not belong together. Warns in the log if
  /// others than its owner and group can read the key.
  static Result<std::shared_ptr<const TlsCredentials>> Load(const TlsFiles& files);

  ~TlsCredentials();
  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;

  /// A certificate callback for sessions that Use() was not called for: their handshake fails. The HTTP library
  /// wants to be given one, as gnutls_certificate_retrieve_function2.
  using Callback = void (*)();
  static Callback Refuser();

  /// Makes a session, before its handshake, use these; they must live as long as it does.
  bool Use(gnutls_session_int* session) const;

 private:
  struct State;
  explicit TlsCredentials(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_TLS_CREDENTIALS_H_
