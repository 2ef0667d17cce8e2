#ifndef SHMETRICS_AGENT_HTTP_ACCEPT_HEADER_H_
#define SHMETRICS_AGENT_HTTP_ACCEPT_HEADER_H_

// Parses Accept and Accept-Encoding headers, by RFC 9110. Pure functions; knows no HTTP library.

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace shmetrics::agent {

/// Quality values are thousandths, so that they compare exactly.
inline constexpr int kFullQuality = 1000;

/// One alternative in an Accept or Accept-Encoding header. If a parameter occurs twice, the first counts:
/// Prometheus 3.0 sends `escaping` twice.
struct AcceptClause {
  std::string_view name;
  int quality = kFullQuality;
  std::optional<std::string> version = {};
  std::optional<std::string> escaping = {};
};

/// Calls `visit` with each well-formed alternative, in the header's order. Skips malformed ones.
void ForEachClause(std::string_view header, const std::function<void(const AcceptClause&)>& visit);

/// Compares names in these headers, which ignore case.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

/// True if `accept_encoding`, the value of an Accept-Encoding header, asks for gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_ACCEPT_HEADER_H_
