#ifndef SHMETRICS_AGENT_EXPOSITION_TEXT_H_
#define SHMETRICS_AGENT_EXPOSITION_TEXT_H_

#include <string>
#include <string_view>

#include "shm/snapshot.h"

namespace shmetrics::agent {

inline constexpr std::string_view kTextContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Appends the snapshot to `out` in Prometheus' text format 0.0.4: families in the order of the snapshot,
/// those without a series left out. A per_worker gauge gets its worker's slot as the label `worker`.
void WriteText(const shm::Snapshot& snapshot, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_EXPOSITION_TEXT_H_
