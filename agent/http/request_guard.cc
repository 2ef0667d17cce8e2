#include "agent/http/request_guard.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/host_check.h"

namespace shmetrics::agent {
namespace {

constexpr int kNoContent = 204;
constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kMethodNotAllowed = 405;
constexpr int kAddressTooLong = 414;
constexpr int kMisdirectedRequest = 421;
constexpr int kTooManyRequests = 429;

/// Each takes 32 bytes beside its text while its request waits for an answer.
constexpr std::ptrdiff_t kMaxParameters = 10'000;

bool HasControlCharacter(std::string_view value) {
  return std::ranges::any_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && byte != '\t') || byte == 0x7F;
  });
}

bool HasBody(const RequestHead& head) {
  const std::vector<std::string_view> lengths = head.Values("Content-Length");
  // A proxy in between may read another spelling of 0 as another number.
  return !head.Values("Transfer-Encoding").empty() ||
         !(lengths.empty() || (lengths.size() == 1 && lengths.front() == "0"));
}

bool HasBadHeader(const RequestHead& head) {
  return std::ranges::any_of(head.headers, [](const auto& header) {
    return !IsToken(header.first) || HasControlCharacter(header.second);
  });
}

/// HTTP/1.0 has no Host; the probes of load balancers still use it.
bool HasOneHost(const RequestHead& head) {
  const std::vector<std::string_view> hosts = head.Values("Host");
  if (hosts.empty()) return head.version == "HTTP/1.0";
  return hosts.size() == 1 && !hosts.front().empty();
}

/// The host that the client wants to talk to; nothing if it names none. The absolute form's counts more than
/// the header (RFC 9112).
std::optional<std::string_view> AskedHost(const RequestHead& head) {
  const std::optional<RequestTarget> target = ParseTarget(head.target);
  if (target && target->authority) return target->authority;
  const std::vector<std::string_view> hosts = head.Values("Host");
  return hosts.empty() ? std::nullopt : std::optional(hosts.front());
}

}  // namespace

std::optional<HttpResponse> RefusalOfShape(const RequestHead& head) {
  if (head.fault_status != 0) return PlainText(head.fault_status, std::string(head.fault));
  if (HasBody(head)) return PlainText(kBadRequest, "A request with a body is not accepted here.");
  if (HasBadHeader(head)) return PlainText(kBadRequest, "A header of this request is malformed.");
  if (head.target.find("%00") != std::string_view::npos) {
    return PlainText(kBadRequest, "%00 in an address means nothing here.");
  }
  const std::optional<RequestTarget> target = ParseTarget(head.target);
  if (!target || (target->path == "*" && head.method != "OPTIONS")) {
    return PlainText(kBadRequest, "An address is a path, or http:// with a host and a path.");
  }
  if (std::ranges::count(target->query, '&') >= kMaxParameters) {
    return PlainText(kAddressTooLong, "An address has at most 10,000 parameters here.");
  }
  if (!HasOneHost(head)) return PlainText(kBadRequest, "A request has one Host header.");
  return std::nullopt;
}

std::optional<HttpResponse> RefusalByPolicy(const RequestHead& head, const ListenAddress& address,
                                            const HttpPolicy& policy, BasicAuth& auth) {
  const std::optional<std::string_view> host = AskedHost(head);
  if (host && !IsHostAllowed(*host, address, policy.allowed_hosts)) {
    return PlainText(kMisdirectedRequest,
                     "The agent does not answer for this host name. If it shall, start it with "
                     "--web.allowed-host NAME, or add the name to allowed_hosts in the section [web] of its "
                     "configuration.");
  }
  const std::vector<std::string_view> authorizations = head.Values("Authorization");
  switch (auth.Check(policy.users, authorizations.size() == 1 ? authorizations.front() : "", head.client)) {
    case BasicAuth::Verdict::kAdmitted:
      break;
    case BasicAuth::Verdict::kRefused: {
      HttpResponse answer = PlainText(kUnauthorized, "This needs a user and a password.");
      answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"shmetrics\", charset=\"UTF-8\"");
      return answer;
    }
    case BasicAuth::Verdict::kTooManyGuesses: {
      HttpResponse answer = PlainText(kTooManyRequests, "Too many wrong passwords; try again in a second.");
      answer.headers.emplace_back("Retry-After", "1");
      return answer;
    }
  }
  if (head.method == "GET" || head.method == "HEAD") return std::nullopt;
  const bool asks_for_methods = head.method == "OPTIONS";
  HttpResponse answer = asks_for_methods
                            ? HttpResponse{kNoContent, "text/plain", {}}
                            : PlainText(kMethodNotAllowed, "Only GET, HEAD and OPTIONS are answered here.");
  answer.headers.emplace_back("Allow", "GET, HEAD, OPTIONS");
  return answer;
}

}  // namespace shmetrics::agent
