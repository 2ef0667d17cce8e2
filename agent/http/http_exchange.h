#ifndef SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
#define SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_

// One request and its answer, between the HTTP library's terms and ours.

#include <microhttpd.h>

#include <string>
#include <string_view>

#include "agent/http/http_message.h"
#include "agent/http/request_guard.h"

namespace shmetrics::agent {

/// Of a request whose head is complete.
RequestHead ReadHead(MHD_Connection* connection, std::string_view method, std::string_view version,
                     std::string_view target);

/// For the handler. `path` and `head` must outlive it.
HttpRequest ReadRequest(MHD_Connection* connection, const char* path, const RequestHead& head);

/// Begins the answer; false if there is no memory for it, whereupon the connection has to be closed.
MHD_Result Send(MHD_Connection* connection, HttpResponse answer);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
