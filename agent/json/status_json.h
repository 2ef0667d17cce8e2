#ifndef SHMETRICS_AGENT_JSON_STATUS_JSON_H_
#define SHMETRICS_AGENT_JSON_STATUS_JSON_H_

#include <string>
#include <string_view>

#include "agent/view/segment_follower.h"

namespace shmetrics::agent {

/// Appends {version, state, message, path, segment, workers: {alive, dead}, refusals, skipped}, where `state` is waiting,
/// attached or corrupt, and `segment`, null unless attached, says how much of each of its limits is used:
/// {created, families, mutex_recoveries, bytes, series, worker_slots, leases, ledger}, the last five {used, limit}.
/// `refusals` is what workers asked for and did not get, by reason, and only of what has happened.
void WriteStatusJson(const SegmentView& view, std::string_view segment_path, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_STATUS_JSON_H_
