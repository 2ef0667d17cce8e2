#ifndef SHMETRICS_AGENT_EXPOSITION_EXPOSITION_H_
#define SHMETRICS_AGENT_EXPOSITION_EXPOSITION_H_

#include <span>
#include <string>

#include "shm/exposition/format.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Appends what the snapshots say to `out`, as one exposition: what the later ones have in common with the first is left
/// out. `with_created` means something to OpenMetrics alone.
void WriteExposition(std::span<const shm::Snapshot* const> snapshots, shm::Exposition exposition,
                     bool with_created, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_EXPOSITION_H_
