#ifndef SHMETRICS_AGENT_HTTP_HTTP_MESSAGE_H_
#define SHMETRICS_AGENT_HTTP_HTTP_MESSAGE_H_

// What the HTTP server and the routes share: plain values, so that neither needs to know the other.

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shmetrics::agent {

/// A GET or HEAD; the server answers all other methods itself. Valid during the call of the handler. Requests
/// that are equal can be given one answer.
struct HttpRequest {
  std::string_view path;  ///< percent-decoded, without the query
  /// The query's parameters in their order, percent-decoded: any bytes but NUL.
  std::vector<std::pair<std::string_view, std::string_view>> parameters = {};
  std::string accept = {};           ///< all Accept headers, joined by commas; empty: none was sent
  std::string accept_encoding = {};  ///< the same for Accept-Encoding
  bool is_head = false;              ///< only the head of the answer is wanted

  /// The value of the first parameter `name`: empty text if it has no value, nothing if there is none.
  std::optional<std::string_view> Parameter(std::string_view name) const {
    const auto found =
        std::ranges::find(parameters, name, [](const auto& parameter) { return parameter.first; });
    return found == parameters.end() ? std::nullopt : std::optional(found->second);
  }
  /// The values of all parameters `name`, in their order.
  std::vector<std::string_view> Parameters(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [key, value] : parameters) {
      if (key == name) values.push_back(value);
    }
    return values;
  }

  bool operator==(const HttpRequest&) const = default;
};

struct HttpResponse {
  int status;
  std::string content_type;
  std::string body;  ///< complete; not sent for a HEAD
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// False for the answer to a HEAD whose body was not made. Then it has no Content-Length, which would be
  /// wrong.
  bool has_body = true;
};

/// An answer of one line of text.
inline HttpResponse PlainText(int status, std::string line) {
  return {status, "text/plain; charset=utf-8", std::move(line) + '\n'};
}

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;
/// Answers only what it can answer at once, without waiting for anything; nothing for other requests.
using PromptHandler = std::function<std::optional<HttpResponse>(const HttpRequest&)>;

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_MESSAGE_H_
