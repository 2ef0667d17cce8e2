#ifndef SHMETRICS_AGENT_HTTP_MESSAGE_H_
#define SHMETRICS_AGENT_HTTP_MESSAGE_H_

// What HTTP server and routes have in common: plain values, so that neither knows the other.

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shmetrics::agent {

/// A GET or HEAD; the server answers everything else itself. Valid during the call of the handler.
struct HttpRequest {
  std::string_view path;  ///< percent-decoded, without the query
};

struct HttpResponse {
  int status;
  std::string content_type;
  std::string body;  ///< complete; of a HEAD too, where it is not sent
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_MESSAGE_H_
