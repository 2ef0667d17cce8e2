#ifndef SHMETRICS_AGENT_HTTP_HTTP_SERVER_H_
#define SHMETRICS_AGENT_HTTP_HTTP_SERVER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "agent/http/http_message.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "agent/http/listener.h"
#include "agent/http/response_budget.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Called with the status of every answer that was begun, by the thread that serves the connections. Not called
/// for the library's own answers, to bytes that are not HTTP or to too many of them.
using AnswerObserver = std::function<void(int status)>;

/// Serves HTTP on one socket: GET and HEAD without a body, to the clients that its policy admits. Knows
/// nothing of metrics. Every answer is complete before it is sent, has a Content-Length, and forbids clients
/// to store it or to guess its type.
class HttpServer {
 public:
  /// Closes `listener` when the server stops, or if this fails. The thread that serves the connections asks
  /// `prompt` first. What that does not answer, `handler` does, in another thread of this server, for one
  /// request at a time; equal requests that wait at the same time get one answer. If it throws, the answer is
  /// a 500. Handlers that several servers share must be thread-safe. Answers that have not been sent count in
  /// `budget`, which must outlive the server; null: in one of its own. kBadOption if the TLS files cannot be
  /// used.
  static Result<std::unique_ptr<HttpServer>> Start(const Listener& listener, const HttpLimits& limits,
                                                   HttpPolicy policy, HttpHandler handler,
                                                   AnswerObserver observer = {}, PromptHandler prompt = {},
                                                   ResponseBudget* budget = nullptr);

  /// How many file descriptors a server with these limits opens at most.
  static std::uint64_t Descriptors(const HttpLimits& limits);

  /// Accepts no more connections, cuts the open ones and waits for the threads.
  ~HttpServer();

  /// Accepts no more connections. Each open one ends with its next answer.
  void StopAccepting();
  /// Waits until no answer is on its way; false if one still is at the time `end`.
  bool Drain(std::chrono::steady_clock::time_point end);

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Thread-safe. The new policy holds from the next request, and its TLS files from the next connection.
  /// kBadOption if the TLS files cannot be used, or if the policy would switch TLS on or off, which needs a
  /// new start. The former policy then stays in force.
  Result<void> Reload(HttpPolicy policy);

  /// With the actual port, also if port 0 was asked for.
  const ListenAddress& address() const;

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_SERVER_H_
