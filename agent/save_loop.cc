#include "agent/save_loop.h"

#include <exception>
#include <string>

#include "agent/log.h"

namespace shmetrics::agent {
namespace {

/// Where memory is short, there may be none for a line of the log either; then nothing is said.
void TryToLog(LogLevel level, const char* message, const char* what) noexcept {
  try {
    Log(level, std::string(message) + what);
  } catch (const std::exception&) {
  }
}

}  // namespace

void SaveUntil(const sigset_t& signals, const timespec& period, const std::function<void()>& save) {
  int signal = -1;
  while (signal < 0) {
    // Also below 0 when another signal interrupts it: then it is saved once more often.
    signal = sigtimedwait(&signals, nullptr, &period);
    if (signal > 0) TryToLog(LogLevel::kInfo, "stopping on ", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    try {
      save();
    } catch (const std::exception& error) {
      TryToLog(LogLevel::kError, "the ledger could not be saved: ", error.what());
    }
  }
}

}  // namespace shmetrics::agent
