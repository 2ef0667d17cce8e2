#ifndef SHMETRICS_AGENT_HTTP_CONTENT_CODING_H_
#define SHMETRICS_AGENT_HTTP_CONTENT_CODING_H_

#include <string_view>

#include "agent/http/http_message.h"

namespace shmetrics::agent {

/// Compresses the body of `answer` if `accept_encoding` asks for gzip and the body is long enough to gain by
/// it. In any case the answer's Vary header says that it depends on Accept-Encoding.
void Encode(std::string_view accept_encoding, HttpResponse* answer);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_CONTENT_CODING_H_
