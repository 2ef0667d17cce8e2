#ifndef SHMETRICS_AGENT_HTTP_HOST_CHECK_H_
#define SHMETRICS_AGENT_HTTP_HOST_CHECK_H_

#include <string>
#include <string_view>
#include <vector>

#include "agent/http/listen_address.h"

namespace shmetrics::agent {

/// True if a request with this Host is meant for the server that listens on `address`. With DNS rebinding, a
/// web page lets its name resolve to any address, and so makes a browser send requests there; the Host header
/// reveals it.
/// A name is accepted only if it is localhost, the name the server listens on, the name of this machine if
/// the server listens beyond the loopback, or one of `allowed`: NAME or NAME:PORT in any case, or * for all.
/// A number is always accepted, because it cannot be rebound. On a Unix socket, which no browser can reach,
/// everything is accepted.
bool IsHostAllowed(std::string_view host, const ListenAddress& address,
                   const std::vector<std::string>& allowed);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_HOST_CHECK_H_
