#ifndef SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_
#define SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/http/basic_auth.h"
#include "agent/http/http_message.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"

namespace shmetrics::agent {

/// A request's head as it was sent, before it is interpreted. Valid as long as the library's own data.
struct RequestHead {
  std::string_view method;
  std::string_view version;
  std::string_view target;                                             ///< as it was sent, undecoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< all, also those sent twice
  std::string client;  ///< the client's address, for which wrong passwords are counted

  /// All values of a header, in their order.
  std::vector<std::string_view> Values(std::string_view name) const;
};

/// The answer to a malformed request, after which nothing on its connection can be trusted; nothing if the
/// request is in order. These requests are malformed:
///   - it has a body or may have one: two servers that disagree where it ends see different requests (request
///   smuggling);
///   - a header's name is not a token, or its value has control characters;
///   - the target contains %00, which ends a string in C;
///   - Host is missing, empty or there twice;
///   - the target is not a path.
std::optional<HttpResponse> RefusalOfShape(const RequestHead& head);

/// The answer to a request that the policy rejects; nothing if the request may be answered. 421 for a foreign
/// host, 401 or 429 for an unknown user, 405 for a method other than GET and HEAD.
std::optional<HttpResponse> RefusalByPolicy(const RequestHead& head, const ListenAddress& address,
                                            const HttpPolicy& policy, BasicAuth& auth);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_
