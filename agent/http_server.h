#ifndef SHMETRICS_AGENT_HTTP_SERVER_H_
#define SHMETRICS_AGENT_HTTP_SERVER_H_

#include <cstdint>
#include <memory>

#include "agent/http_message.h"
#include "agent/listen_address.h"
#include "agent/listener.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Serves HTTP on one address: GET and HEAD without a body. Knows nothing of metrics. The one room of
/// libmicrohttpd. Every answer is complete before it is sent, has a Content-Length, and forbids storing it
/// and guessing its type.
class HttpServer {
 public:
  /// `handler` is called by one thread of the server, for one request at a time; what it throws becomes a
  /// 500. Fails with kBadOption if it cannot listen on `address`.
  static Result<std::unique_ptr<HttpServer>> Start(const ListenAddress& address, HttpHandler handler);
  /// The same on a socket that listens already, which becomes the server's to close.
  static Result<std::unique_ptr<HttpServer>> Start(const Listener& listener, HttpHandler handler);

  /// Takes no more connections, cuts those that are open and waits for the thread.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// The port in use, also where port 0 was asked for.
  std::uint16_t port() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_SERVER_H_
