#include "agent/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace shmetrics::agent {

void NotifyReady() { sd_notify(0, "READY=1"); }

void NotifyReloading() {
  // Without the time, a manager takes the READY=1 of an earlier reload as the end of this one.
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t microseconds = std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000;
  sd_notify(0, ("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(microseconds)).c_str());
}

void NotifyStopping() { sd_notify(0, "STOPPING=1"); }

std::optional<std::chrono::microseconds> WatchdogTimeout() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds(microseconds);
}

void NotifyAlive() { sd_notify(0, "WATCHDOG=1"); }

}  // namespace shmetrics::agent
