#include "agent/request_guard.h"

#include <strings.h>

#include "agent/host_check.h"

namespace shmetrics::agent {
namespace {

constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kMethodNotAllowed = 405;
constexpr int kMisdirectedRequest = 421;
constexpr int kTooManyRequests = 429;

bool HasBody(const RequestHead& head) {
  const std::vector<std::string_view> lengths = head.Values("Content-Length");
  // A length of 0 in any other spelling may be another number for whoever stands in between.
  return !head.Values("Transfer-Encoding").empty() || lengths.size() > 1 ||
         (lengths.size() == 1 && lengths.front() != "0");
}

/// HTTP/1.0 knows no Host; probes of load balancers still speak it.
bool HasOneHost(const RequestHead& head) {
  const std::vector<std::string_view> hosts = head.Values("Host");
  if (hosts.empty()) return head.version == "HTTP/1.0";
  return hosts.size() == 1 && !hosts.front().empty();
}

}  // namespace

std::vector<std::string_view> RequestHead::Values(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [header, value] : headers) {
    if (header.size() == name.size() && strncasecmp(header.data(), name.data(), name.size()) == 0) {
      values.push_back(value);
    }
  }
  return values;
}

HttpResponse PlainText(int status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + '\n'};
}

std::optional<HttpResponse> RefusalOfShape(const RequestHead& head) {
  if (HasBody(head)) return PlainText(kBadRequest, "A request with a body is not accepted here.");
  if (head.target.find("%00") != std::string_view::npos) {
    return PlainText(kBadRequest, "%00 in an address means nothing here.");
  }
  if (!head.target.starts_with('/')) return PlainText(kBadRequest, "An address begins with a slash here.");
  if (!HasOneHost(head)) return PlainText(kBadRequest, "A request has one Host header.");
  return std::nullopt;
}

std::optional<HttpResponse> RefusalByPolicy(const RequestHead& head, const ListenAddress& address,
                                            const HttpPolicy& policy, BasicAuth& auth) {
  const std::vector<std::string_view> hosts = head.Values("Host");
  if (!hosts.empty() && !IsHostAllowed(hosts.front(), address, policy.allowed_hosts)) {
    return PlainText(
        kMisdirectedRequest,
        "The agent does not answer for this host name. If it shall, add the name to allowed_hosts in "
        "the section [web] of its configuration.");
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
  if (head.method != "GET" && head.method != "HEAD") {
    HttpResponse answer = PlainText(kMethodNotAllowed, "Only GET and HEAD are answered here.");
    answer.headers.emplace_back("Allow", "GET, HEAD");
    return answer;
  }
  return std::nullopt;
}

}  // namespace shmetrics::agent
