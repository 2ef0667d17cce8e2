#ifndef SHMETRICS_AGENT_HTTP_LISTENER_H_
#define SHMETRICS_AGENT_HTTP_LISTENER_H_

#include <vector>

#include "agent/http/listen_address.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// A stream socket that listens. Made here and not by the HTTP library, which cannot say why it failed.
struct Listener {
  int fd;                  ///< for Close()
  ListenAddress address;   ///< with the port in use, also where port 0 was asked for
  bool owns_path = false;  ///< the Unix socket's file was made here, not by systemd, and goes with it
};

/// kBadOption if the address does not exist here or is taken; the message names it and the reason. A Unix
/// socket gets the permissions 0660; where a dead process has left one behind, it is replaced.
Result<Listener> Listen(const ListenAddress& address);

/// The sockets, TCP or Unix, that systemd, or another that does as it does, has opened for this process
/// (socket activation); none if there are none. Clears the variables that tell of them, so that they are taken
/// once. kBadOption if one is no stream socket that listens.
Result<std::vector<Listener>> TakeActivationSockets();

/// Closes the socket, having removed its file where that is this process's own.
void Close(const Listener& listener);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_LISTENER_H_
