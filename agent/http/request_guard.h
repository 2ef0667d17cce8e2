#ifndef SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_
#define SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_

#include <optional>

#include "agent/http/basic_auth.h"
#include "agent/http/http_message.h"
#include "agent/http/http_policy.h"
#include "agent/http/listen_address.h"
#include "agent/http/request_head.h"

namespace shmetrics::agent {

/// The answer to a malformed request, after which nothing on its connection can be trusted; nothing if the
/// request is in order. These requests are malformed:
///   - the head has a fault, is too large or has too many parameters;
///   - it has a body or may have one: two servers that disagree where it ends see different requests (request
///   smuggling);
///   - a header's name is not a token, or its value has control characters;
///   - the target contains %00, which ends a string in C;
///   - Host is missing, empty or there twice;
///   - the target is not a path, http://HOST/PATH, or in OPTIONS a star.
std::optional<HttpResponse> RefusalOfShape(const RequestHead& head);

/// The answer to a request that the policy rejects, and to OPTIONS; nothing if the handler must answer. 421 for a
/// foreign host, 401 or 429 for an unknown user, 405 for other methods.
std::optional<HttpResponse> RefusalByPolicy(const RequestHead& head, const ListenAddress& address,
                                            const HttpPolicy& policy, BasicAuth& auth);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_REQUEST_GUARD_H_
