#ifndef SHMETRICS_AGENT_AUDIO_QUOTA_JSON_H_
#define SHMETRICS_AGENT_AUDIO_QUOTA_JSON_H_

// Writes the answers that clients of the audio service know from the replaced system, with the same keys,
// from a snapshot.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "client-lib/audio/config.h"
#include "shm/leases/ledger_record.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Appends {status, available_models, websocket_endpoint, supported_features, load}. `load` covers all
/// workers of the host; the replaced system did not have it. A model is available if a living worker has
/// announced it or if it is configured. The service is available if a model is.
void WriteStreamStatusJson(const shm::Snapshot& snapshot, const audio::AudioConfig& config, std::string* out);

/// Appends {user_id, tier, limits, used_today_minutes, reserved_minutes, remaining_minutes, days, active_streams,
/// active_jobs, can_start_stream, _can_start_stream}. The last two are the same, as in the replaced system,
/// which did not have reserved_minutes, days and active_jobs. null means unlimited and 0 means nothing at all;
/// in the replaced system 0 meant unlimited too. `today` is the UTC day, in days since 1970-01-01. Minutes of
/// other days do not count; `days` shows them, as [{day, used_minutes}].
void WriteStreamLimitsJson(const shm::Snapshot& snapshot, std::span<const shm::LedgerRecord> ledger,
                           const audio::AudioConfig& config, std::string_view user_id, std::int64_t today,
                           std::string* out);

/// Appends {detail}, the error of a request as in the replaced system.
void WriteErrorJson(std::string_view detail, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_QUOTA_JSON_H_
