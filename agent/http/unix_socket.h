#ifndef SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_
#define SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::agent {

/// A stream socket that listens on `path`, with the permissions 0660: who may scrape is the file's owner and
/// its group. Replaces a socket that nobody listens on any more. kBadOption, with the reason alone, if somebody
/// does, if something other than a socket is there, or if the system refuses.
Result<int> ListenOnUnixSocket(const std::string& path);

/// Removes a socket at `path`, and nothing else that may have come there.
void RemoveUnixSocket(const std::string& path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_
