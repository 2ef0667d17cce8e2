#ifndef SHMETRICS_AGENT_HTTP_LISTENER_H_
#define SHMETRICS_AGENT_HTTP_LISTENER_H_

#include <vector>

#include "agent/http/listen_address.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// A listening stream socket. Made here and not by the HTTP library, which cannot say why it failed.
struct Listener {
  int fd;                 ///< for Close()
  ListenAddress address;  ///< with the actual port, also if port 0 was asked for
  /// This process, not systemd, made the Unix socket's file, and must remove it.
  bool owns_path = false;
};

/// kBadOption if the address does not exist here or is in use; the message names it and the reason. A Unix
/// socket gets the permissions 0660. It replaces one that a dead process left behind.
Result<Listener> Listen(const ListenAddress& address);

/// The TCP or Unix sockets that systemd or a similar manager opened for this process (socket activation);
/// empty if there are none. Clears the variables that announce them, so that they are taken only once.
/// kBadOption if one is not a listening stream socket.
Result<std::vector<Listener>> AdoptActivationSockets();

/// Closes the socket. First removes its file if this process made it.
void Close(const Listener& listener);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_LISTENER_H_
