#include "agent/http/http_exchange.h"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>

namespace shmetrics::agent {
namespace {

std::string UserOf(MHD_Connection* connection) {
  ucred user{};
  socklen_t size = sizeof user;
  const int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &size) != 0) return "a user who is not known";
  return "user " + std::to_string(user.uid);
}

/// The other end's address as a number without a port; on a Unix socket its user.
std::string PeerOf(MHD_Connection* connection) {
  const MHD_ConnectionInfo* const info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  std::array<char, NI_MAXHOST> host{};
  if (info == nullptr || info->client_addr == nullptr) return {};
  if (info->client_addr->sa_family == AF_UNIX) return UserOf(connection);
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

/// Appends the decoded text to `decoded`, which has room for it, and returns it there.
std::string_view Decode(std::string_view text, std::string* decoded) {
  const std::size_t begin = decoded->size();
  decoded->append(text);
  decoded->resize(begin + MHD_http_unescape(decoded->data() + begin));
  return {decoded->data() + begin, decoded->size() - begin};
}

/// In a query, a plus stands for a blank.
std::string_view DecodeWithPlus(std::string_view text, std::string* decoded) {
  std::string with_blanks(text);
  std::ranges::replace(with_blanks, '+', ' ');
  return Decode(with_blanks, decoded);
}

ssize_t NoBody(void* /*context*/, std::uint64_t /*position*/, char* /*bytes*/, std::size_t /*room*/) {
  return MHD_CONTENT_READER_END_OF_STREAM;
}

/// Sends neither a length nor the word chunked. The connection ends with it.
MHD_Response* ResponseWithoutLength() {
  MHD_Response* const response =
      MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1'024, NoBody, nullptr, nullptr);
  if (response != nullptr) MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
  return response;
}

void LetGo(void* holder) { delete static_cast<std::shared_ptr<const HttpResponse>*>(holder); }

}  // namespace

RequestHead ReadHead(MHD_Connection* connection, const LibraryInput& input) {
  RequestHead head = input.Head();
  head.peer = PeerOf(connection);
  return head;
}

HttpRequest ReadRequest(const RequestHead& head, std::string* decoded) {
  const RequestTarget target = ParseTarget(head.target).value();
  decoded->clear();
  decoded->reserve(head.target.size());  // decoding only shortens, so that nothing moves
  HttpRequest request{Decode(target.path, decoded)};
  for (std::string_view rest = target.query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view name = DecodeWithPlus(pair.substr(0, equals), decoded);
    request.parameters.emplace_back(name,
                                    DecodeWithPlus(pair.substr(std::min(equals + 1, pair.size())), decoded));
  }
  request.is_head = head.method == "HEAD";
  request.accept = Joined(head.Values(MHD_HTTP_HEADER_ACCEPT));
  request.accept_encoding = Joined(head.Values(MHD_HTTP_HEADER_ACCEPT_ENCODING));
  return request;
}

MHD_Result Send(MHD_Connection* connection, const std::shared_ptr<const HttpResponse>& answer, bool is_last) {
  MHD_Response* response = nullptr;
  if (answer->has_body) {
    // The library sends the body from where it is, and keeps the answer until then.
    auto holder = std::make_unique<std::shared_ptr<const HttpResponse>>(answer);
    response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->body.size(), const_cast<char*>(answer->body.data()), LetGo, holder.get());
    if (response != nullptr) holder.release();  // NOLINT(bugprone-unused-return-value): LetGo() will
  } else {
    response = ResponseWithoutLength();
  }
  if (response == nullptr) return MHD_NO;
  MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type.c_str());
  MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
  MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : answer->headers) {
    MHD_add_response_header(response, name.c_str(), value.c_str());
  }
  if (is_last) MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
  const MHD_Result queued = MHD_queue_response(connection, static_cast<unsigned>(answer->status), response);
  MHD_destroy_response(response);
  return queued;
}

bool HasVerdict(MHD_Connection* connection, const RequestHead& head, const HttpPolicy& rules,
                PasswordChecker* passwords, std::optional<PasswordVerdict>* verdict) {
  if (*verdict) return true;
  const std::vector<std::string_view> authorizations = head.Values("Authorization");
  std::variant<PasswordVerdict, PasswordRequest> judged =
      passwords->Judge(rules.users, authorizations.size() == 1 ? authorizations.front() : "",
                       ClientName(head.peer, head.Values("X-Forwarded-For"), rules.trusted_proxies));
  if (const auto* const known = std::get_if<PasswordVerdict>(&judged)) {
    *verdict = *known;
    return true;
  }
  auto request = std::get<PasswordRequest>(std::move(judged));
  request.answer = [verdict, connection](PasswordVerdict found) {
    *verdict = found;
    MHD_resume_connection(connection);
  };
  MHD_suspend_connection(connection);  // before the check, which may end at once
  passwords->Check(std::move(request));
  return false;
}

}  // namespace shmetrics::agent
