#ifndef SHMETRICS_AGENT_SERVICE_MANAGER_H_
#define SHMETRICS_AGENT_SERVICE_MANAGER_H_

// What the agent tells systemd, or another service manager that set $NOTIFY_SOCKET (sd_notify(3)). Without a
// manager it tells nothing. No error is reported: an agent without a working manager still serves.

#include <chrono>
#include <optional>

namespace shmetrics::agent {

/// Says that the agent serves, so that services waiting for it can start. Also ends a reload.
void NotifyReady();
void NotifyReloading();
void NotifyStopping();

/// How soon the manager kills an agent that has not called NotifyAlive() again; nothing if there is no
/// watchdog.
std::optional<std::chrono::microseconds> WatchdogTimeout();
void NotifyAlive();

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_SERVICE_MANAGER_H_
