#ifndef SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_
#define SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::agent {

/// A stream socket that listens on `path`, with the permissions 0660: the file's owner and group may scrape.
/// Replaces a socket that nobody listens on. kBadOption, with only the reason, if someone listens there, if
/// there is something other than a socket, or if the system refuses.
Result<int> ListenOnUnixSocket(const std::string& path);

/// Removes the socket at `path`, but nothing else that may be there instead.
void RemoveUnixSocket(const std::string& path);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_
