#ifndef SHMETRICS_AGENT_HTTP_HTTP_SERVER_H_
#define SHMETRICS_AGENT_HTTP_HTTP_SERVER_H_

#include <functional>
#include <memory>

#include "agent/http/http_message.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "agent/http/listener.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Is told the status of every answer that was begun; by the thread that calls the handler. What the library
/// answers by itself, to bytes that are no HTTP or too many, is not among them.
using AnswerObserver = std::function<void(int status)>;

/// Serves HTTP on one socket: GET and HEAD without a body, for those whom its policy admits. Knows nothing of
/// metrics. Every answer is complete before it is sent, has a Content-Length, and forbids storing it and
/// guessing its type.
class HttpServer {
 public:
  /// Closes `listener` when it stops, or fails. `handler` is called by one thread of this server, for one
  /// request at a time; what it throws becomes a 500. Several servers are several threads: a handler that
  /// they share must bear that. Fails with kBadOption if the files for TLS cannot be used.
  static Result<std::unique_ptr<HttpServer>> Start(const Listener& listener, const HttpLimits& limits,
                                                   HttpPolicy policy, HttpHandler handler,
                                                   AnswerObserver observer = {});

  /// Takes no more connections, cuts those that are open and waits for the threads.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Any thread may call it; the next request goes by it, and the next connection's TLS. kBadOption, with
  /// the former policy still in force, if its files for TLS cannot be used, or if it would switch TLS on or
  /// off, which only a new start can.
  Result<void> Reload(HttpPolicy policy);

  /// With the port in use, also where port 0 was asked for.
  const ListenAddress& address() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_SERVER_H_
