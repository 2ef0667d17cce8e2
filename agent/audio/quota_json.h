#ifndef SHMETRICS_AGENT_AUDIO_QUOTA_JSON_H_
#define SHMETRICS_AGENT_AUDIO_QUOTA_JSON_H_

// The answers that the audio service's clients know from the replaced system, key by key, from a snapshot.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "client-lib/audio/config.h"
#include "shm/leases/ledger_record.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Appends {status, available_models, websocket_endpoint, supported_features}, and what the replaced system did not
/// tell: `load`, over all workers of the host. A model is available if a living worker has announced it or it is
/// configured; the service is, if a model is.
void WriteStreamStatusJson(const shm::Snapshot& snapshot, const audio::AudioConfig& config, std::string* out);

/// Appends {user_id, tier, limits, used_today_minutes, remaining_minutes, active_streams, can_start_stream,
/// _can_start_stream}; the last two say the same, as there. null is unlimited; 0 is nothing at all, where it once meant
/// unlimited too. `today` is the day of UTC, in days since 1970-01-01: minutes of another day do not count.
void WriteStreamLimitsJson(const shm::Snapshot& snapshot, std::span<const shm::LedgerRecord> ledger,
                           const audio::AudioConfig& config, std::string_view user_id, std::int64_t today,
                           std::string* out);

/// Appends {detail}, as the replaced system says what is wrong with a request.
void WriteErrorJson(std::string_view detail, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_QUOTA_JSON_H_
