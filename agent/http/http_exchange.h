#ifndef SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
#define SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_

// Translates one request and its answer between the HTTP library's types and ours.

#include <microhttpd.h>

#include <memory>
#include <optional>
#include <string>

#include "agent/http/http_message.h"
#include "agent/http/http_policy.h"
#include "agent/http/library_input.h"
#include "agent/http/password_checker.h"
#include "agent/http/request_head.h"

namespace shmetrics::agent {

/// The head of the library's current request, valid as long as `input` has it.
RequestHead ReadHead(MHD_Connection* connection, const LibraryInput& input);

/// Makes the request for the handler. `head` must be in shape. The request points into `decoded`, which must
/// outlive it unchanged.
HttpRequest ReadRequest(const RequestHead& head, std::string* decoded);

/// Starts sending the answer, which others may be sent too. MHD_NO if there is no memory for it; then the
/// connection must be closed. With `is_last` it tells the client that the connection ends with it.
MHD_Result Send(MHD_Connection* connection, const std::shared_ptr<const HttpResponse>& answer, bool is_last);

/// True if the password of the request has its verdict. If not, the connection is suspended until a thread of
/// `passwords` has stored it and resumes the connection; the library does both ends of that under one lock.
bool HasVerdict(MHD_Connection* connection, const RequestHead& head, const HttpPolicy& rules,
                PasswordChecker* passwords, std::optional<PasswordVerdict>* verdict);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HTTP_EXCHANGE_H_
