#ifndef SHMETRICS_AGENT_SAVE_LOOP_H_
#define SHMETRICS_AGENT_SAVE_LOOP_H_

#include <csignal>
#include <ctime>
#include <functional>

namespace shmetrics::agent {

/// Calls `save` every `period` until one of `signals`, which must be blocked, comes, and once more then. What `save`
/// throws is logged: an agent that could not save once still serves, and may save the next time.
void SaveUntil(const sigset_t& signals, const timespec& period, const std::function<void()>& save);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_SAVE_LOOP_H_
