#ifndef SHMETRICS_AGENT_HTTP_TLS_CREDENTIALS_H_
#define SHMETRICS_AGENT_HTTP_TLS_CREDENTIALS_H_

#include <memory>

#include "agent/http/http_policy.h"
#include "shm/result.h"

struct gnutls_session_int;

namespace shmetrics::agent {

/// A certificate and its key, as the files held them at one moment.
class TlsCredentials {
 public:
  /// kBadOption, with the file's name, if a file cannot be read or the two do not belong together. Logs a
  /// warning if others than the key's owner and group can read the key.
  static Result<std::shared_ptr<const TlsCredentials>> Load(const TlsFiles& files);

  ~TlsCredentials();
  TlsCredentials(const TlsCredentials&) = delete;
  TlsCredentials& operator=(const TlsCredentials&) = delete;

  /// A certificate callback for sessions without Use(): their handshake fails. The HTTP library requires one,
  /// as a gnutls_certificate_retrieve_function2.
  using Callback = void (*)();
  static Callback Refuser();

  /// Makes a session use these credentials. Call it before the handshake; the credentials must outlive the
  /// session.
  bool Use(gnutls_session_int* session) const;

 private:
  struct State;
  explicit TlsCredentials(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_TLS_CREDENTIALS_H_
