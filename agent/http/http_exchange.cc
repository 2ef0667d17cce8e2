#include "agent/http/http_exchange.h"

#include <netdb.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <utility>

namespace shmetrics::agent {
namespace {

MHD_Result AddPair(void* pairs, MHD_ValueKind /*kind*/, const char* name, const char* value) {
  static_cast<std::vector<std::pair<std::string_view, std::string_view>>*>(pairs)->emplace_back(
      name, value == nullptr ? "" : value);
  return MHD_YES;
}

/// The client's address as a number without a port; empty on a Unix socket.
std::string ClientOf(MHD_Connection* connection) {
  const MHD_ConnectionInfo* const info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  std::array<char, NI_MAXHOST> host{};
  if (info == nullptr || info->client_addr == nullptr) return {};
  const socklen_t size =
      info->client_addr->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  getnameinfo(info->client_addr, size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST);
  return host.data();
}

/// RFC 9110 joins the values of a header that was sent several times with commas.
std::string Joined(const std::vector<std::string_view>& values) {
  std::string joined;
  for (const std::string_view value : values) {
    if (!joined.empty()) joined += ',';
    joined += value;
  }
  return joined;
}

void FreeBody(void* body) { delete static_cast<std::string*>(body); }

}  // namespace

RequestHead ReadHead(MHD_Connection* connection, std::string_view method, std::string_view version,
                     std::string_view target) {
  RequestHead head{method, version, target, {}, ClientOf(connection)};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, AddPair, &head.headers);
  return head;
}

HttpRequest ReadRequest(MHD_Connection* connection, const char* path, const RequestHead& head) {
  HttpRequest request{path};
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, AddPair, &request.parameters);
  request.accept = Joined(head.Values(MHD_HTTP_HEADER_ACCEPT));
  request.accept_encoding = Joined(head.Values(MHD_HTTP_HEADER_ACCEPT_ENCODING));
  return request;
}

MHD_Result Send(MHD_Connection* connection, HttpResponse answer) {
  // The library takes over the body without a copy.
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

}  // namespace shmetrics::agent
