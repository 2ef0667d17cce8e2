#ifndef SHMETRICS_AGENT_LISTENER_H_
#define SHMETRICS_AGENT_LISTENER_H_

#include <optional>

#include "agent/listen_address.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// A TCP socket that listens. Made here and not by the HTTP library, which cannot say why it failed.
struct Listener {
  int fd;                 ///< for the caller to close
  ListenAddress address;  ///< with the port in use, also where port 0 was asked for
};

/// kBadOption if the address does not exist here or is taken; the message names it and the reason.
Result<Listener> Listen(const ListenAddress& address);

/// The socket that systemd, or another that does as it does, has opened for this process (socket activation); nothing
/// if there is none. Clears the variables that tell of it, so that it is taken once. kBadOption if there are several,
/// or what there is does not listen on TCP.
Result<std::optional<Listener>> TakeActivationSocket();

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_LISTENER_H_
