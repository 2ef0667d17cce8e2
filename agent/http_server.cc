#include "agent/http_server.h"

#include <microhttpd.h>
#include <strings.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "agent/listener.h"
#include "agent/log.h"

namespace shmetrics::agent {
namespace {

constexpr unsigned kMaxConnections = 64;
constexpr unsigned kIdleSeconds = 30;
constexpr std::size_t kConnectionMemoryBytes = std::size_t{16} << 10U;

// What is known of a request between the library's calls for it: the address of one of these, or null before
// the first call.
constexpr char kMisleadingUri = 0;
constexpr char kChecked = 0;

void* Mark(const char& mark) { return const_cast<char*>(&mark); }

HttpResponse PlainText(int status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + '\n'};
}

/// The library decodes %00 and hands out C strings: /metrics%00x would reach the handler as /metrics, and user=1%00x as
/// the user 1.
void* OnUri(void* /*context*/, const char* uri, MHD_Connection* /*connection*/) {
  return std::strstr(uri, "%00") != nullptr ? Mark(kMisleadingUri) : nullptr;
}

MHD_Result FindBody(void* found, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  const bool has_length = strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 &&
                          (value == nullptr || std::string_view(value) != "0");
  const bool has_encoding = strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
  if (has_length || has_encoding) *static_cast<bool*>(found) = true;
  return MHD_YES;
}

/// Looks at every header of the request, because the library goes by the first of two contradicting lengths
/// and takes the rest of the body for another request.
bool HasBody(MHD_Connection* connection) {
  bool found = false;
  MHD_get_connection_values(connection, MHD_HEADER_KIND, FindBody, &found);
  return found;
}

void FreeBody(void* body) { delete static_cast<std::string*>(body); }

/// Hands the body over without copying it.
MHD_Result Send(MHD_Connection* connection, HttpResponse answer) {
  auto body = std::make_unique<std::string>(std::move(answer.body));
  MHD_Response* const response = MHD_create_response_from_buffer_with_free_callback_cls(
      body->size(), body->data(), FreeBody, body.get());
  if (response == nullptr) return MHD_NO;
  body.release();  // NOLINT(bugprone-unused-return-value): FreeBody() will
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer.content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer.headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(answer.status), response);
  MHD_destroy_response(response);
  return queued;
}

/// Sends an answer after which nothing more is read from this connection.
MHD_Result Refuse(MHD_Connection* connection, int status, std::string line) {
  HttpResponse answer = PlainText(status, std::move(line));
  answer.headers.emplace_back(MHD_HTTP_HEADER_CONNECTION, "close");
  return Send(connection, std::move(answer));
}

/// What joins the values of one header that was sent several times is a comma, by RFC 9110.
struct JoinedHeader {
  const char* name;
  std::string* values;
};

MHD_Result JoinHeader(void* joined, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  const auto& header = *static_cast<const JoinedHeader*>(joined);
  if (strcasecmp(name, header.name) != 0 || value == nullptr) return MHD_YES;
  if (!header.values->empty()) *header.values += ',';
  *header.values += value;
  return MHD_YES;
}

MHD_Result AddParameter(void* request, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  static_cast<HttpRequest*>(request)->parameters.emplace_back(name, value == nullptr ? "" : value);
  return MHD_YES;
}

HttpResponse CallHandler(const HttpHandler& handler, MHD_Connection* connection, const char* path) {
  try {
    HttpRequest request{path};
    MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, AddParameter, &request);
    for (JoinedHeader header : {JoinedHeader{MHD_HTTP_HEADER_ACCEPT, &request.accept},
                                JoinedHeader{MHD_HTTP_HEADER_ACCEPT_ENCODING, &request.accept_encoding}}) {
      MHD_get_connection_values(connection, MHD_HEADER_KIND, JoinHeader, &header);
    }
    return handler(request);
  } catch (const std::exception& error) {
    Log(LogLevel::kError, std::string("no answer to ") + path + ": " + error.what());
    return PlainText(MHD_HTTP_INTERNAL_SERVER_ERROR,
                     "The agent could not make this answer; its log says why.");
  }
}

/// Called once when the headers of a request are complete, and again when the request is.
MHD_Result OnRequest(void* handler, MHD_Connection* connection, const char* path, const char* method,
                     const char* /*version*/, const char* /*upload*/, std::size_t* /*upload_bytes*/,
                     void** mark) {
  if (*mark == Mark(kMisleadingUri)) {
    return Refuse(connection, MHD_HTTP_BAD_REQUEST, "%00 in an address means nothing here.");
  }
  if (*mark == nullptr) {
    if (HasBody(connection)) {
      return Refuse(connection, MHD_HTTP_BAD_REQUEST, "A request with a body is not accepted here.");
    }
    *mark = Mark(kChecked);
    return MHD_YES;
  }
  if (std::strcmp(method, MHD_HTTP_METHOD_GET) != 0 && std::strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
    HttpResponse answer = PlainText(MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.");
    answer.headers.emplace_back(MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    return Send(connection, std::move(answer));
  }
  return Send(connection, CallHandler(*static_cast<const HttpHandler*>(handler), connection, path));
}

/// The library calls this from C, which no exception may cross.
MHD_Result OnRequestNoThrow(void* handler, MHD_Connection* connection, const char* path, const char* method,
                            const char* version, const char* upload, std::size_t* upload_bytes, void** mark) {
  try {
    return OnRequest(handler, connection, path, method, version, upload, upload_bytes, mark);
  } catch (const std::exception&) {
    return MHD_NO;  // no memory even for an error message: the connection is closed
  }
}

[[gnu::format(printf, 2, 0)]] void OnLibraryLog(void* /*context*/, const char* format,
                                                std::va_list arguments) {
  std::array<char, 512> line{};
  std::vsnprintf(line.data(), line.size(), format, arguments);
  std::string_view text(line.data());
  while (text.ends_with('\n')) text.remove_suffix(1);
  // Nearly all of it is about what clients do wrong, and no client shall be able to fill the log.
  Log(LogLevel::kDebug, "http: " + std::string(text));
}

/// The library has found its own state broken.
[[noreturn]] void OnLibraryPanic(void* /*context*/, const char* file, unsigned line, const char* reason) {
  Log(LogLevel::kError, std::string("the HTTP library gave up: ") +
                            (reason == nullptr ? "no reason given" : reason) + " (" + file + ":" +
                            std::to_string(line) + ")");
  std::abort();
}

}  // namespace

struct HttpServer::State {
  HttpHandler handler;
  std::uint16_t port;
  MHD_Daemon* daemon;
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

HttpServer::~HttpServer() {
  const MHD_socket listener = MHD_quiesce_daemon(state_->daemon);
  MHD_stop_daemon(state_->daemon);
  if (listener != MHD_INVALID_SOCKET) close(listener);
}

std::uint16_t HttpServer::port() const { return state_->port; }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const ListenAddress& address, HttpHandler handler) {
  const Result<Listener> listener = Listen(address);
  if (!listener.ok()) return listener.error();
  return Start(listener.value(), std::move(handler));
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const Listener& listener, HttpHandler handler) {
  MHD_set_panic_func(OnLibraryPanic, nullptr);
  auto state = std::make_unique<State>(State{std::move(handler), listener.address.port, nullptr});
  // The logger comes first, so that complaints about the other options reach it.
  state->daemon = MHD_start_daemon(
      MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0, nullptr, nullptr,
      OnRequestNoThrow, &state->handler, MHD_OPTION_EXTERNAL_LOGGER, OnLibraryLog, nullptr,
      MHD_OPTION_LISTEN_SOCKET, listener.fd, MHD_OPTION_URI_LOG_CALLBACK, OnUri, nullptr,
      MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT, kMaxConnections,
      MHD_OPTION_CONNECTION_TIMEOUT, kIdleSeconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, kConnectionMemoryBytes,
      MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
  if (state->daemon == nullptr) {
    close(listener.fd);
    return Error{ErrorCode::kBadOption,
                 "cannot serve on " + ToString(listener.address) + ": the HTTP library did not start"};
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

}  // namespace shmetrics::agent
