#ifndef SHMETRICS_AGENT_JSON_WORKERS_JSON_H_
#define SHMETRICS_AGENT_JSON_WORKERS_JSON_H_

#include <string>

namespace shmetrics::shm {
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

/// Appends {"workers": [{slot, name, pid, started, alive, epoch, leases}], "alive": n, "slots": {used,
/// limit}}. `used` counts the slots that were ever claimed; a dead worker's slot is free for the next worker.
void WriteWorkersJson(const shm::Snapshot& snapshot, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_WORKERS_JSON_H_
