#include "agent/http/http_server.h"

#include <microhttpd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/log.h"
#include "agent/http/answer_thread.h"
#include "agent/http/answers_in_flight.h"
#include "agent/http/connection_deadlines.h"
#include "agent/http/http_exchange.h"
#include "agent/http/library_input.h"
#include "agent/http/password_checker.h"
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
  FlushLog(std::chrono::seconds(1));
  std::abort();
}

}  // namespace

struct HttpServer::State {
  /// What the server remembers about a connection between the library's calls.
  struct Connection {
    int fd;
    std::shared_ptr<const TlsCredentials> credentials;  // lives as long as the session that uses them
    LibraryInput input;
    std::string decoded;               // the text that the current request's HttpRequest points to
    bool is_checked = false;           // the current request's head is in order
    bool is_in_flight = false;         // its answer has not been sent to its end
    bool is_asked = false;             // the answer thread makes its answer, or has made it
    AnswerThread::Answer answer = {};  // from the answer thread
    std::optional<PasswordVerdict> verdict = std::nullopt;  // from the password checker
  };

  State(const Listener& listens_on, const HttpLimits& limits, HttpPolicy rules, HttpHandler handles,
        AnswerObserver observes, PromptHandler answers_promptly, ResponseBudget* counts_bytes,
        PasswordCounts* counts)
      : listener(listens_on),
        handler(std::move(handles)),
        prompt(std::move(answers_promptly)),
        observer(std::move(observes)),
        policy(std::make_shared<const HttpPolicy>(std::move(rules))),
        passwords(limits, counts),
        max_connections(limits.max_connections),
        deadlines(limits.deadline, limits.idle),
        own_budget(ResponseBudget::kDefaultLimit),
        budget(counts_bytes != nullptr ? counts_bytes : &own_budget),
        answers([this](const HttpRequest& request) { return budget->Admit(CallHandler(request)); }) {}

  ~State() {
    passwords.Stop();  // as the next two: a connection waits for a password, or for an answer
    StopAccepting();   // else the library closes the socket, and the file outlives it
    answers.Stop();    // the library does not stop while a connection waits for an answer
    if (daemon != nullptr) MHD_stop_daemon(daemon);
    Close(listener);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool StartDaemon(const HttpLimits& limits);
  void StopAccepting() {
    if (daemon == nullptr || is_stopping.exchange(true)) return;
    MHD_quiesce_daemon(daemon);
    StopListening(&listener);
  }
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
  HttpResponse CallHandler(const HttpRequest& request) const;
  MHD_Result AskForAnswer(MHD_Connection* connection, HttpRequest request);
  MHD_Result Answer(MHD_Connection* connection, const AnswerThread::Answer& answer) {
    if (answer == nullptr) return MHD_NO;
    if (observer) observer(answer->status);
    return Send(connection, answer, is_stopping);
  }
  MHD_Result Answer(MHD_Connection* connection, HttpResponse answer) {
    return Answer(connection, budget->Admit(std::move(answer)));
  }

  Listener listener;
  const HttpHandler handler;
  const PromptHandler prompt;
  const AnswerObserver observer;
  std::mutex policy_mutex;
  std::shared_ptr<const HttpPolicy> policy;
  TlsFollower tls;
  PasswordChecker passwords;
  const unsigned max_connections;
  unsigned open_connections = 0;
  ConnectionDeadlines deadlines;
  AnswersInFlight in_flight;
  ResponseBudget own_budget;
  ResponseBudget* const budget;
  AnswerThread answers;
  MHD_Daemon* daemon = nullptr;
  std::atomic<bool> is_stopping{false};
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
  connection.is_asked = false;
  connection.verdict.reset();
  static_cast<State*>(server)->deadlines.Restart(connection.fd);
  return nullptr;
}

void HttpServer::State::OnAnswered(void* server, MHD_Connection* library_connection, void** /*mark*/,
                                   MHD_RequestTerminationCode code) {
  auto& state = *static_cast<State*>(server);
  Connection& connection = Of(library_connection);
  if (std::exchange(connection.is_in_flight, false)) state.in_flight.End();
  if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK) return;  // the connection is about to be closed
  if (!connection.input.Next()) return state.deadlines.Restart(connection.fd);
  state.deadlines.Rest(connection.fd);
  state.KeepWithinLimit();
}

HttpResponse HttpServer::State::CallHandler(const HttpRequest& request) const {
  try {
    return handler(request);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, "no answer to " + std::string(request.path) + ": " + error.what());
    return PlainText(MHD_HTTP_INTERNAL_SERVER_ERROR,
                     "The agent could not make this answer; its log says why.");
  }
}

/// The library calls again for this request when it has its answer.
MHD_Result HttpServer::State::AskForAnswer(MHD_Connection* library_connection, HttpRequest request) {
  Connection& connection = Of(library_connection);
  connection.is_asked = true;
  MHD_suspend_connection(library_connection);
  try {
    answers.Ask(std::move(request), [library_connection, &connection](AnswerThread::Answer answer) {
      connection.answer = std::move(answer);
      MHD_resume_connection(library_connection);
    });
  } catch (const std::exception&) {
    MHD_resume_connection(library_connection);  // it gets no answer and is closed
  }
  return MHD_YES;
}

/// Called once when the head of a request is complete, again when the whole request is, and again when its
/// password has been checked and when the answer thread has its answer.
MHD_Result HttpServer::State::CheckOrAnswer(MHD_Connection* library_connection) {
  Connection& connection = Of(library_connection);
  if (!connection.input.MayAnswer()) {
    Log(LogLevel::kError, "the HTTP library reads requests by itself, so none is answered");
    return MHD_NO;
  }
  if (!std::exchange(connection.is_in_flight, true)) in_flight.Begin();
  if (connection.is_asked) return Answer(library_connection, std::exchange(connection.answer, nullptr));
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
  const std::shared_ptr<const HttpPolicy> rules = Policy();
  std::optional<HttpResponse> refusal = RefusalOfHost(head, listener.address, *rules);
  if (!refusal) {
    if (!HasVerdict(library_connection, head, *rules, &passwords, &connection.verdict)) return MHD_YES;
    refusal = RefusalOfPassword(head, *connection.verdict);
  }
  if (!refusal) refusal = RefusalOfMethod(head);
  if (refusal) return Answer(library_connection, std::move(*refusal));
  HttpRequest request = ReadRequest(head, &connection.decoded);
  std::optional<HttpResponse> prompt_answer = prompt ? prompt(request) : std::nullopt;
  if (prompt_answer) return Answer(library_connection, std::move(*prompt_answer));
  return AskForAnswer(library_connection, std::move(request));
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
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                   MHD_ALLOW_SUSPEND_RESUME;
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

void HttpServer::StopAccepting() { state_->StopAccepting(); }

bool HttpServer::Drain(std::chrono::steady_clock::time_point end) {
  return state_->in_flight.WaitUntilNone(end);
}

const ListenAddress& HttpServer::address() const { return state_->listener.address; }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const Listener& listener, const HttpLimits& limits,
                                                      HttpPolicy policy, HttpHandler handler,
                                                      AnswerObserver observer, PromptHandler prompt,
                                                      ResponseBudget* budget, PasswordCounts* passwords) {
  if (!listener.address.unix_path.empty()) policy.tls.reset();
  auto state = std::make_unique<State>(listener, limits, std::move(policy), std::move(handler),
                                       std::move(observer), std::move(prompt), budget, passwords);
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
