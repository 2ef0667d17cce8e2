#ifndef SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_
#define SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_

#include <string>

#include "shm/result.h"

namespace shmetrics::agent {

/// A listening stream socket and its file.
struct UnixSocket {
  int fd;    ///< of the socket
  int file;  ///< of the file, opened with O_PATH: as long as it is open, no other file gets its inode
};

/// Listens on `path`, with the permissions 0660: the file's owner and group may scrape. Replaces a socket that
/// nobody listens on. For a moment it sets the umask of the process, so no other thread may be making files.
/// kBadOption, with only the reason, if someone listens there, if there is something other than a socket, or
/// if the system refuses.
Result<UnixSocket> ListenOnUnixSocket(const std::string& path);

/// Removes the socket at `path` if it is still this one. After it was removed, another agent may have put its
/// own there. Closes `file`.
void RemoveUnixSocket(const std::string& path, int file);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_UNIX_SOCKET_H_
