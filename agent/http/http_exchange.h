#ifndef SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
#define SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_

// Translates one request and its answer between the HTTP library's types and ours.

#include <microhttpd.h>

#include <string>
#include <string_view>

#include "agent/http/http_message.h"
#include "agent/http/request_guard.h"

namespace shmetrics::agent {

/// Reads the head of a request, which must be complete.
RequestHead ReadHead(MHD_Connection* connection, std::string_view method, std::string_view version,
                     std::string_view target);

/// Makes the request for the handler. `path` and `head` must outlive it.
HttpRequest ReadRequest(MHD_Connection* connection, const char* path, const RequestHead& head);

/// Starts sending the answer. MHD_NO if there is no memory for it; then the connection must be closed.
MHD_Result Send(MHD_Connection* connection, HttpResponse answer);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
