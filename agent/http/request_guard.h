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

/// A request as its head says it, before anything is made of it. Valid as long as the library's own is.
struct RequestHead {
  std::string_view method;
  std::string_view version;
  std::string_view target;                                             ///< as it was sent, undecoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;  ///< all, also those sent twice
  std::string client;  ///< its address, for which wrong passwords are counted

  /// All values of a header, in their order.
  std::vector<std::string_view> Values(std::string_view name) const;
};

/// The answer to a request after which nothing more can be believed of its connection; nothing if it is in
/// order. Those are: whatever has a body or may have one, because two who read on from different places see
/// different requests (request smuggling); a header whose name is no token, or
/// whose value has control characters; %00, which ends a string in C; a missing, second or empty Host; and
/// a target that is no path.
std::optional<HttpResponse> RefusalOfShape(const RequestHead& head);

/// The answer to a request that is none of this server's business; nothing if it shall be answered: 421 for a
/// foreign host, 401 or 429 for whom it does not know, 405 for a method other than GET and HEAD.
std::optional<HttpResponse> RefusalByPolicy(const RequestHead& head, const ListenAddress& address,
                                            const HttpPolicy& policy, BasicAuth& auth);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_
