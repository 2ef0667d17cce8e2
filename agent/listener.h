#ifndef SHMETRICS_AGENT_LISTENER_H_
#define SHMETRICS_AGENT_LISTENER_H_

#include <cstdint>

#include "agent/listen_address.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// A TCP socket that listens. Made here and not by the HTTP library, which cannot say why it failed.
struct Listener {
  int fd;              ///< for the caller to close
  std::uint16_t port;  ///< the one in use, also where port 0 was asked for
};

/// kBadOption if the address does not exist here or is taken; the message names it and the reason.
Result<Listener> Listen(const ListenAddress& address);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_LISTENER_H_
