#ifndef SHMETRICS_CLIENT_LIB_AUDIO_DEFINITIONS_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_DEFINITIONS_H_

// What the audio metrics are called. Workers write these names and the agent reads them, so both take them
// from here.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "shm/exposition/alias.h"

namespace shmetrics::audio {

inline constexpr std::string_view kStreamsMetric = "audio_streaming_active";
inline constexpr std::string_view kJobsMetric = "audio_jobs_active";
inline constexpr std::string_view kReservationsMetric = "audio_reservations_active";
inline constexpr std::string_view kViolationsMetric = "audio_quota_violations_total";
inline constexpr std::string_view kModelsMetric = "audio_model_workers";

/// What the names of the metrics begin with. Another domain has the same metrics with its own name there.
inline constexpr std::string_view kAudioDomain = "audio";
/// From a name above to that of another domain.
inline std::string MetricOf(std::string_view domain, std::string_view audio_metric) {
  return std::string(domain) + std::string(audio_metric.substr(kAudioDomain.size()));
}
static_assert(kStreamsMetric.starts_with(kAudioDomain) && kViolationsMetric.starts_with(kAudioDomain));

inline constexpr std::string_view kUserLabel = "user_id";
/// Longer user ids are refused, so that no scrape or log line has to carry them.
inline constexpr std::size_t kMaxUserIdBytes = 256;
inline constexpr std::string_view kViolationLabel = "type";
inline constexpr std::string_view kModelLabel = "model";

inline constexpr std::string_view kDailyMinutesType = "daily_minutes";
inline constexpr std::string_view kConcurrentStreamsType = "concurrent_streams";
inline constexpr std::string_view kConcurrentJobsType = "concurrent_jobs";

// The ledger (shm/leases/ledger.h) keeps an amount of the day and a class for each key, and knows no more.
// For audio:
//   key      the user, as labels name them (AudioConfig::UserLabelOf)
//   amount   audio minutes, in units of which a minute has kAmountPerMinute
//   class    the number of the user's Tier; 0 if none was set
//   domain   empty; the name of the domain for another

/// An amount counts whole billionths of a minute, so that many small amounts add up to exactly their sum.
inline constexpr double kAmountPerMinute = 1e9;

/// The dotted names of the replaced system.
inline constexpr shm::Alias kAliases[] = {
    {"audio.streaming.active", kStreamsMetric},
    {"audio.jobs.active", kJobsMetric},
    {"audio.quota_violations_total", kViolationsMetric},
};

static_assert(std::ranges::all_of(kAliases, shm::IsQuotable));

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_DEFINITIONS_H_
