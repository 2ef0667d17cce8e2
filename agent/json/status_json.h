#ifndef SHMETRICS_AGENT_JSON_STATUS_JSON_H_
#define SHMETRICS_AGENT_JSON_STATUS_JSON_H_

#include <string>
#include <string_view>

#include "agent/view/segment_follower.h"

namespace shmetrics::agent {

/// Appends {version, state, message, path, segment, workers: {alive, dead}, refusals, skipped}.
/// `state` is waiting, attached or corrupt. `segment` is null unless attached; it says how much of each limit
/// is used: {created, families, mutex_recoveries, bytes, series, worker_slots, leases, ledger}, the last five
/// as {used, limit}. `refusals` counts, by reason, what workers asked for and did not get; reasons that never
/// occurred are left out.
void WriteStatusJson(const SegmentView& view, std::string_view segment_path, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_STATUS_JSON_H_
