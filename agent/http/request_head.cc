#include "agent/http/request_head.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "agent/http/accept_header.h"

namespace shmetrics::agent {
namespace {

constexpr int kMalformed = 400;
constexpr int kHeadTooLarge = 431;
constexpr int kVersionNotSupported = 505;

/// Each takes 32 bytes beside its text, so tiny headers would take more memory than the head itself.
constexpr std::size_t kMaxHeaders = 1'000;

std::string_view WithoutBlanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void SetFault(int status, std::string_view sentence, RequestHead* head) {
  head->fault_status = status;
  head->fault = sentence;
}

/// The line at the front of `bytes`, without its end; removes both from `bytes`.
std::string_view TakeLine(std::string_view* bytes) {
  const std::size_t end = bytes->find('\n');
  std::string_view line = bytes->substr(0, end);
  bytes->remove_prefix(end == std::string_view::npos ? bytes->size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool IsVersion(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

void ReadRequestLine(std::string_view line, RequestHead* head) {
  const std::size_t method_end = line.find(' ');
  const std::size_t version_begin = line.rfind(' ');
  if (method_end != std::string_view::npos) head->method = line.substr(0, method_end);
  if (method_end == version_begin || !IsToken(head->method)) {
    return SetFault(kMalformed, "A request line is a method, an address and a version.", head);
  }
  head->target = line.substr(method_end + 1, version_begin - method_end - 1);
  head->version = line.substr(version_begin + 1);
  const bool is_plain =
      std::ranges::none_of(head->target, [](unsigned char c) { return c <= ' ' || c == 0x7F; });
  if (!IsVersion(head->version) || !is_plain) {
    SetFault(kMalformed, "A request line is a method, an address and a version.", head);
  } else if (head->version[5] != '1') {
    SetFault(kVersionNotSupported, "Only HTTP/1.1 and HTTP/1.0 are spoken here.", head);
  }
}

void ReadHeader(std::string_view line, RequestHead* head) {
  const std::size_t colon = line.find(':');
  // A line that begins with a blank continues the one before it. Two servers may disagree about such lines,
  // and a client need not send any.
  if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') {
    return SetFault(kMalformed, "A header of this request is malformed.", head);
  }
  if (head->headers.size() == kMaxHeaders) {
    return SetFault(kHeadTooLarge, "A request has at most 1,000 headers here.", head);
  }
  head->headers.emplace_back(line.substr(0, colon), WithoutBlanks(line.substr(colon + 1)));
}

}  // namespace

bool IsToken(std::string_view text) {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

std::vector<std::string_view> RequestHead::Values(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [header, value] : headers) {
    if (EqualIgnoringCase(header, name)) values.push_back(value);
  }
  return values;
}

bool RequestHead::EndsConnection() const {
  bool asks_to_keep = false;
  for (std::string_view value : Values("Connection")) {
    while (!value.empty()) {
      const std::size_t comma = std::min(value.find(','), value.size());
      const std::string_view word = WithoutBlanks(value.substr(0, comma));
      if (EqualIgnoringCase(word, "close")) return true;
      asks_to_keep = asks_to_keep || EqualIgnoringCase(word, "keep-alive");
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return version == "HTTP/1.0" && !asks_to_keep;
}

std::optional<RequestTarget> ParseTarget(std::string_view target) {
  RequestTarget parsed;
  for (const std::string_view scheme : std::array<std::string_view, 2>{"http://", "https://"}) {
    if (!EqualIgnoringCase(target.substr(0, scheme.size()), scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = std::min(target.find_first_of("/?#"), target.size());
    parsed.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (parsed.authority->empty() || parsed.authority->find('@') != std::string_view::npos) {
      return std::nullopt;
    }
    break;
  }
  if (target == "*" && !parsed.authority) {
    parsed.path = target;
    return parsed;
  }
  const std::size_t question = std::min(target.find('?'), target.size());
  parsed.path = target.substr(0, question);
  parsed.query = target.substr(std::min(question + 1, target.size()));
  // http://HOST without a path means its root.
  if (parsed.path.empty() && parsed.authority) parsed.path = "/";
  return parsed.path.starts_with('/') ? std::optional(parsed) : std::nullopt;
}

RequestHead ParseHead(std::string_view bytes) {
  RequestHead head;
  ReadRequestLine(TakeLine(&bytes), &head);
  while (!bytes.empty() && head.fault_status == 0) {
    const std::string_view line = TakeLine(&bytes);
    if (line.empty()) break;
    ReadHeader(line, &head);
  }
  return head;
}

}  // namespace shmetrics::agent
