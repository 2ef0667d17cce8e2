#ifndef SHMETRICS_AGENT_HTTP_HOST_CHECK_H_
#define SHMETRICS_AGENT_HTTP_HOST_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/listen_address.h"

namespace shmetrics::agent {

/// Whether a request for this Host is meant for the server that listens on `address`. A web page of a foreign
/// name can have a browser ask any address, by letting its name resolve to it (DNS rebinding); the Host tells.
/// So a name is taken only if it is localhost, what the server listens on, this machine's own if it listens
/// beyond the loopback, or one of `allowed`: NAME or NAME:PORT in any case, or * for all. A number cannot be
/// rebound and is taken always; on a Unix socket, which no browser can ask, everything is.
bool IsHostAllowed(std::string_view host, const ListenAddress& address,
                   const std::vector<std::string>& allowed);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HOST_CHECK_H_
