#ifndef SHMETRICS_AGENT_SERVICE_MANAGER_H_
#define SHMETRICS_AGENT_SERVICE_MANAGER_H_

// What the agent tells systemd, or another service manager that set $NOTIFY_SOCKET (sd_notify(3)). Without one nothing is
// said, and nothing of it fails: an agent that is not heard still serves.

#include <chrono>
#include <optional>

namespace shmetrics::agent {

/// It serves: who waits for the agent can go on. Also the end of a reload.
void NotifyReady();
void NotifyReloading();
void NotifyStopping();

/// How soon the manager kills an agent that has not called NotifyAlive() again; nothing if it does not watch.
std::optional<std::chrono::microseconds> WatchdogTimeout();
void NotifyAlive();

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_SERVICE_MANAGER_H_
