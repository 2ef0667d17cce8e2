#include "agent/http/request_guard.h"

#include <strings.h>

#include <algorithm>
#include <array>

#include "agent/http/host_check.h"

namespace shmetrics::agent {
namespace {

constexpr int kBadRequest = 400;
constexpr int kUnauthorized = 401;
constexpr int kMethodNotAllowed = 405;
constexpr int kMisdirectedRequest = 421;
constexpr int kTooManyRequests = 429;

bool IsToken(std::string_view name) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

bool HasControlCharacter(std::string_view value) {
  return std::ranges::any_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && byte != '\t') || byte == 0x7F;
  });
}

/// True for a header that tells the length of the body. If such a header is folded onto a second line, the
/// library appends that line to the name: "Transfer-Encoding:", line end, " chunked" comes as
/// Transfer-Encodingchunked.
bool IsOfBody(std::string_view name) {
  return std::ranges::any_of(
      std::array<std::string_view, 2>{"Content-Length", "Transfer-Encoding"}, [&](std::string_view start) {
        return name.size() >= start.size() && strncasecmp(name.data(), start.data(), start.size()) == 0;
      });
}

bool HasBody(const RequestHead& head) {
  const auto count =
      std::ranges::count_if(head.headers, [](const auto& header) { return IsOfBody(header.first); });
  const std::vector<std::string_view> lengths = head.Values("Content-Length");
  // A proxy in between may read another spelling of 0 as another number.
  return count > 0 && !(count == 1 && lengths.size() == 1 && lengths.front() == "0");
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

std::optional<HttpResponse> RefusalOfShape(const RequestHead& head) {
  if (HasBody(head)) return PlainText(kBadRequest, "A request with a body is not accepted here.");
  if (HasBadHeader(head)) return PlainText(kBadRequest, "A header of this request is malformed.");
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
