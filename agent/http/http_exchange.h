#ifndef SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
#define SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_

// Translates one request and its answer between the HTTP library's types and ours.

#include <microhttpd.h>

#include <memory>
#include <string>

#include "agent/http/http_message.h"
#include "agent/http/library_input.h"
#include "agent/http/request_head.h"

namespace shmetrics::agent {

/// The head of the library's current request, valid as long as `input` has it.
RequestHead ReadHead(MHD_Connection* connection, const LibraryInput& input);

/// Makes the request for the handler. `head` must be in shape. The request points into `decoded`, which must
/// outlive it unchanged.
HttpRequest ReadRequest(const RequestHead& head, std::string* decoded);

/// Starts sending the answer, which others may be sent too. MHD_NO if there is no memory for it; then the
/// connection must be closed. With `is_last` it tells the client that the connection ends with it.
MHD_Result Send(MHD_Connection* connection, std::shared_ptr<const HttpResponse> answer, bool is_last);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
