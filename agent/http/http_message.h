#ifndef SHMETRICS_AGENT_HTTP_HTTP_MESSAGE_H_
#define SHMETRICS_AGENT_HTTP_HTTP_MESSAGE_H_

// What HTTP server and routes have in common: plain values, so that neither knows the other.

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shmetrics::agent {

/// A GET or HEAD; the server answers everything else itself. Valid during the call of the handler.
struct HttpRequest {
  std::string_view path;  ///< percent-decoded, without the query
  /// Of the query, in its order, percent-decoded: any bytes but NUL.
  std::vector<std::pair<std::string_view, std::string_view>> parameters = {};
  std::string accept = {};           ///< all Accept headers, joined by commas; empty: none was sent
  std::string accept_encoding = {};  ///< the same of Accept-Encoding

  /// The first of that name; empty if it has no value.
  std::optional<std::string_view> Parameter(std::string_view name) const {
    const auto found =
        std::ranges::find(parameters, name, [](const auto& parameter) { return parameter.first; });
    return found == parameters.end() ? std::nullopt : std::optional(found->second);
  }
  /// All of that name, in their order.
  std::vector<std::string_view> Parameters(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : parameters) {
      if (key == name) values.push_back(value);
    }
    return values;
  }
};

struct HttpResponse {
  int status;
  std::string content_type;
  std::string body;  ///< complete; of a HEAD too, where it is not sent
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// One line for whoever made the request.
inline HttpResponse PlainText(int status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + '\n'};
}

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_MESSAGE_H_
