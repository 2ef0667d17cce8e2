#ifndef SHMETRICS_AGENT_HTTP_CONTENT_CODING_H_
#define SHMETRICS_AGENT_HTTP_CONTENT_CODING_H_

#include <string_view>

#include "agent/http/http_message.h"

namespace shmetrics::agent {

/// Compresses the body of `answer` if `accept_encoding` wants gzip and it is long enough to gain by it. Whether or not, the
/// answer says in Vary that it depends on that header.
void Encode(std::string_view accept_encoding, HttpResponse* answer);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_CONTENT_CODING_H_
