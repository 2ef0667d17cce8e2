#include "agent/http/http_server.h"

#include <microhttpd.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/log.h"
#include "agent/http/basic_auth.h"
#include "agent/http/connection_deadlines.h"
#include "agent/http/http_exchange.h"
#include "agent/http/library_input.h"
#include "agent/http/request_guard.h"
#include "agent/http/tls_follower.h"

namespace shmetrics::agent {
namespace {

constexpr std::size_t kConnectionMemoryBytes = std::size_t{16} << 10U;
/// At its limit the library accepts nobody. So it may have one connection more, and an idle one makes room.
constexpr unsigned kSpareConnections = 1;
constexpr const char* kTlsPriorities = "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3";

[[gnu::format(printf, 2, 0)]] void OnLibraryLog(void* /*context*/, const char* format,
                                                std::va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (text.ends_with('\n')) text.remove_suffix(1);
  // Nearly all of these messages are about mistakes of clients, and a client must not be able to fill the
  // log.
  Log(LogLevel::kDebug, "http: " + std::string(text));
}

/// Called when the library finds its own state broken.
[[noreturn]] void OnLibraryPanic(void* /*context*/, const char* file, unsigned line, const char* reason) {
  Log(LogLevel::kError, std::string("the HTTP library gave up: ") +
                            (reason == nullptr ? "no reason given" : reason) + " (" + file + ":" +
                            std::to_string(line) + ")");
  std::abort();
}

}  // namespace

struct HttpServer::State {
  /// What the server remembers about a connection between the library's calls.
  struct Connection {
    int fd;
    std::shared_ptr<const TlsCredentials> credentials;  // lives as long as the session that uses them
    LibraryInput input;
    std::string decoded;      // the text that the current request's HttpRequest points to
    bool is_checked = false;  // the current request's head is in order
  };

  State(const Listener& listens_on, const HttpLimits& limits, HttpPolicy rules, HttpHandler handles,
        AnswerObserver observes)
      : listener(listens_on),
        handler(std::move(handles)),
        observer(std::move(observes)),
        policy(std::make_shared<const HttpPolicy>(std::move(rules))),
        max_connections(limits.max_connections),
        deadlines(limits.deadline, limits.idle) {}

  ~State() {
    if (daemon != nullptr) {
      MHD_quiesce_daemon(daemon);  // else the library closes the socket, and the file outlives it
      MHD_stop_daemon(daemon);
    }
    Close(listener);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool StartDaemon(const HttpLimits& limits);
  std::shared_ptr<const HttpPolicy> Policy() {
    const std::lock_guard lock(policy_mutex);
    return policy;
  }

  static Connection& Of(MHD_Connection* connection) {
    return *static_cast<Connection*>(
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context);
  }

  // The library's callbacks. They are called from C, so no exception may leave them. All run in the daemon's
  // one thread.
  static void OnConnection(void* server, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode code);
  static void* OnHead(void* server, const char* target, MHD_Connection* connection);
  static MHD_Result OnRequest(void* server, MHD_Connection* connection, const char* path, const char* method,
                              const char* version, const char* upload, std::size_t* upload_bytes,
                              void** mark);
  static void OnAnswered(void* server, MHD_Connection* connection, void** mark,
                         MHD_RequestTerminationCode code);

  void Begin(MHD_Connection* library_connection, void** context);
  void KeepWithinLimit() {
    if (open_connections > max_connections) deadlines.MakeRoom(open_connections - max_connections);
  }
  MHD_Result CheckOrAnswer(MHD_Connection* connection);
  HttpResponse CallHandler(const HttpRequest& request);
  MHD_Result Answer(MHD_Connection* connection, HttpResponse answer) {
    if (observer) observer(answer.status);
    return Send(connection, std::move(answer));
  }

  const Listener listener;
  const HttpHandler handler;
  const AnswerObserver observer;
  std::mutex policy_mutex;
  std::shared_ptr<const HttpPolicy> policy;
  TlsFollower tls;
  BasicAuth auth;
  const unsigned max_connections;
  unsigned open_connections = 0;
  ConnectionDeadlines deadlines;
  MHD_Daemon* daemon = nullptr;
};

void HttpServer::State::Begin(MHD_Connection* library_connection, void** context) {
  const int fd = MHD_get_connection_info(library_connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  const MHD_ConnectionInfo* const tls_info =
      MHD_get_connection_info(library_connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  auto* const session =
      tls_info == nullptr ? nullptr : static_cast<gnutls_session_int*>(tls_info->tls_session);
  auto* const connection = new Connection{fd, tls.Current(), LibraryInput(fd, session, &deadlines), {}};
  *context = connection;
  if (connection->credentials != nullptr) {
    connection->credentials->Use(session);  // on failure the handshake fails
  }
  deadlines.Restart(fd);
  open_connections++;
  KeepWithinLimit();
}

void HttpServer::State::OnConnection(void* server, MHD_Connection* library_connection, void** context,
                                     MHD_ConnectionNotificationCode code) {
  auto& state = *static_cast<State*>(server);
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    state.Begin(library_connection, context);
    return;
  }
  // The library closes the descriptor after this call, not before.
  const std::unique_ptr<Connection> connection(static_cast<Connection*>(*context));
  state.deadlines.Forget(connection->fd);
  state.open_connections--;
}

/// Called when a head is complete, before OnRequest().
void* HttpServer::State::OnHead(void* server, const char* /*target*/, MHD_Connection* library_connection) {
  Connection& connection = Of(library_connection);
  connection.is_checked = false;
  static_cast<State*>(server)->deadlines.Restart(connection.fd);
  return nullptr;
}

void HttpServer::State::OnAnswered(void* server, MHD_Connection* library_connection, void** /*mark*/,
                                   MHD_RequestTerminationCode code) {
  if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK) return;  // the connection is about to be closed
  auto& state = *static_cast<State*>(server);
  Connection& connection = Of(library_connection);
  if (!connection.input.Next()) return state.deadlines.Restart(connection.fd);
  state.deadlines.Rest(connection.fd);
  state.KeepWithinLimit();
}

HttpResponse HttpServer::State::CallHandler(const HttpRequest& request) {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "no answer to " + std::string(request.path) + ": " + error.what());
    return PlainText(MHD_HTTP_INTERNAL_SERVER_ERROR,
                     "The agent could not make this answer; its log says why.");
  }
}

/// Called once when the head of a request is complete, and again when the whole request is.
MHD_Result HttpServer::State::CheckOrAnswer(MHD_Connection* library_connection) {
  Connection& connection = Of(library_connection);
  if (!connection.input.MayAnswer()) {
    Log(LogLevel::kError, "the HTTP library reads requests by itself, so none is answered");
    return MHD_NO;
  }
  const RequestHead head = ReadHead(library_connection, connection.input);
  if (!connection.is_checked) {
    std::optional<HttpResponse> refusal = RefusalOfShape(head);
    if (!refusal) {
      connection.is_checked = true;
      return MHD_YES;
    }
    refusal->headers.emplace_back(MHD_HTTP_HEADER_CONNECTION, "close");
    return Answer(library_connection, std::move(*refusal));
  }
  std::optional<HttpResponse> refusal = RefusalByPolicy(head, listener.address, *Policy(), auth);
  if (refusal) return Answer(library_connection, std::move(*refusal));
  return Answer(library_connection, CallHandler(ReadRequest(head, &connection.decoded)));
}

MHD_Result HttpServer::State::OnRequest(void* server, MHD_Connection* connection, const char* /*path*/,
                                        const char* /*method*/, const char* /*version*/,
                                        const char* /*upload*/, std::size_t* /*upload_bytes*/,
                                        void** /*mark*/) {
  try {
    return static_cast<State*>(server)->CheckOrAnswer(connection);
  } catch (const std::exception&) {
    return MHD_NO;  // no memory even for an error message: the connection is closed
  }
}

bool HttpServer::State::StartDaemon(const HttpLimits& limits) {
  MHD_set_panic_func(OnLibraryPanic, nullptr);
  std::vector<MHD_OptionItem> tls_options;
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC | MHD_USE_ERROR_LOG;
  if (tls.Current() != nullptr) {
    flags |= MHD_USE_TLS;
    tls_options = {{MHD_OPTION_HTTPS_PRIORITIES, 0, const_cast<char*>(kTlsPriorities)},
                   {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, reinterpret_cast<void*>(TlsCredentials::Refuser())}};
  }
  tls_options.push_back({MHD_OPTION_END, 0, nullptr});
  // The logger comes first, so that it gets complaints about the other options. There is no limit for each
  // client address: behind a proxy all clients have the same one. A scraper that a TCP flood must not lock
  // out uses a Unix socket.
  daemon = MHD_start_daemon(
      flags, 0, nullptr, nullptr, OnRequest, this, MHD_OPTION_EXTERNAL_LOGGER, OnLibraryLog, nullptr,
      MHD_OPTION_LISTEN_SOCKET, listener.fd, MHD_OPTION_NOTIFY_CONNECTION, OnConnection, this,
      MHD_OPTION_URI_LOG_CALLBACK, OnHead, this, MHD_OPTION_NOTIFY_COMPLETED, OnAnswered, this,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
      limits.max_connections + kSpareConnections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemoryBytes,
      MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_ARRAY, tls_options.data(), MHD_OPTION_END);
  return daemon != nullptr;
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() = default;

std::uint64_t HttpServer::Descriptors(const HttpLimits& limits) {
  constexpr unsigned kForItself = 8;  // the socket, epoll's, what wakes its thread, and files read again
  return limits.max_connections + kSpareConnections + kForItself;
}

const ListenAddress& HttpServer::address() const { return state_->listener.address; }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const Listener& listener, const HttpLimits& limits,
                                                      HttpPolicy policy, HttpHandler handler,
                                                      AnswerObserver observer) {
  if (!listener.address.unix_path.empty()) policy.tls.reset();
  auto state =
      std::make_unique<State>(listener, limits, std::move(policy), std::move(handler), std::move(observer));
  if (state->policy->tls) {
    const Result<void> usable = state->tls.Follow(*state->policy->tls);
    if (!usable.ok()) return usable.error();
  }
  if (!state->StartDaemon(limits)) {
    return Error{ErrorCode::kBadOption,
                 "cannot serve on " + ToString(listener.address) + ": the HTTP library did not start"};
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

Result<void> HttpServer::Reload(HttpPolicy policy) {
  if (!state_->listener.address.unix_path.empty()) policy.tls.reset();
  if (policy.tls.has_value() != state_->Policy()->tls.has_value()) {
    return Error{ErrorCode::kBadOption,
                 "TLS on " + ToString(address()) + " is switched on or off by a restart only"};
  }
  if (policy.tls) {
    const Result<void> usable = state_->tls.Follow(*policy.tls);
    if (!usable.ok()) return usable.error();
  }
  const std::lock_guard lock(state_->policy_mutex);
  state_->policy = std::make_shared<const HttpPolicy>(std::move(policy));
  return {};
}

}  // namespace shmetrics::agent
