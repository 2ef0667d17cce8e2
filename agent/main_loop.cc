#include "agent/main_loop.h"

#include <algorithm>
#include <cstddef>
#include <ctime>
#include <exception>
#include <string>

#include "agent/base/log.h"

namespace shmetrics::agent {
namespace {

using std::chrono::microseconds;
using std::chrono::steady_clock;

/// If memory is short, there may be none for a log line either. Then nothing is logged.
void TryToLog(LogLevel level, const char* message, const char* what) noexcept {
  try {
    Log(level, std::string(message) + what);
  } catch (const std::exception&) {
  }
}

void Try(const char* complaint, const std::function<void()>& run) noexcept {
  try {
    run();
  } catch (const std::exception& error) {
    TryToLog(LogLevel::kError, complaint, error.what());
  }
}

/// One of `signals`; negative if `until` has passed or another signal interrupted the wait.
int WaitForSignal(const sigset_t& signals, steady_clock::time_point until) {
  const auto left =
      std::max(std::chrono::duration_cast<microseconds>(until - steady_clock::now()), microseconds(0));
  const timespec timeout{static_cast<time_t>(left.count() / 1'000'000),
                         static_cast<long>(left.count() % 1'000'000) * 1'000};
  return sigtimedwait(&signals, nullptr, &timeout);
}

}  // namespace

sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void RunUntilStopped(const sigset_t& signals, const std::vector<Task>& tasks,
                     const std::function<void()>& reload) {
  std::vector<steady_clock::time_point> due;
  due.reserve(tasks.size());
  for (const Task& task : tasks) due.push_back(steady_clock::now() + task.period);
  for (int signal = -1; signal != SIGTERM && signal != SIGINT;) {
    // Without a task it looks again once an hour, for nothing.
    const auto until =
        due.empty() ? steady_clock::now() + std::chrono::hours(1) : *std::ranges::min_element(due);
    signal = WaitForSignal(signals, until);
    if (signal == SIGHUP) Try("the configuration could not be read again: ", reload);
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      if (steady_clock::now() < due[i]) continue;
      Try(tasks[i].complaint, tasks[i].run);
      due[i] = steady_clock::now() + tasks[i].period;
    }
    if (signal == SIGTERM || signal == SIGINT) {
      TryToLog(LogLevel::kInfo, "stopping on ", signal == SIGTERM ? "SIGTERM" : "SIGINT");
    }
  }
}

}  // namespace shmetrics::agent
