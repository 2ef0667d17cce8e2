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
  /// Of a Unix socket's file that this process, not systemd, made and must remove; -1: there is none.
  int file = -1;
};

/// kBadOption if the address does not exist here or is in use; the message names it and the reason. A Unix
/// socket gets the permissions 0660. It replaces one that a dead process left behind. Of a name's several
/// addresses it takes the first that this machine has.
Result<Listener> Listen(const ListenAddress& address);

/// Like Listen(), but on localhost takes 127.0.0.1 and ::1, with one port. A client may try either. A machine
/// without one of them gets the other.
Result<std::vector<Listener>> ListenOnAll(const ListenAddress& address);

/// The TCP or Unix sockets that systemd or a similar manager opened for this process (socket activation);
/// empty if there are none. Clears the variables that announce them, so that they are taken only once.
/// kBadOption if one is not a listening stream socket.
Result<std::vector<Listener>> AdoptActivationSockets();

/// Refuses new connections from now on. If systemd opened the socket, it keeps them for the next agent. The
/// descriptor stays taken, because another thread may be about to use it: Close() gives it back.
void StopListening(Listener* listener);

/// Closes the socket. First removes its file if this process made it.
void Close(const Listener& listener);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HTTP_LISTENER_H_
