#ifndef SHMETRICS_AGENT_EXPOSITION_EXPOSITION_H_
#define SHMETRICS_AGENT_EXPOSITION_EXPOSITION_H_

#include <span>
#include <string>

#include "shm/exposition/format.h"

namespace shmetrics::shm {
struct Snapshot;
}  // namespace shmetrics::shm

namespace shmetrics::agent {

/// Appends the snapshots to `out` as one exposition. Families of a later snapshot are left out if an earlier
/// one uses their names. `with_created` matters only in OpenMetrics.
void WriteExposition(std::span<const shm::Snapshot* const> snapshots, shm::Exposition exposition,
                     bool with_created, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_EXPOSITION_H_
