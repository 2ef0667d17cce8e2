#ifndef SHMETRICS_CLIENT_LIB_AUDIO_DEFINITIONS_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_DEFINITIONS_H_

// What the audio metrics are called. Workers write them, the agent reads them: both from here.

#include <string_view>

namespace shmetrics::audio {

inline constexpr std::string_view kStreamsMetric = "audio_streaming_active";
inline constexpr std::string_view kJobsMetric = "audio_jobs_active";
inline constexpr std::string_view kViolationsMetric = "audio_quota_violations_total";
inline constexpr std::string_view kModelsMetric = "audio_model_workers";

inline constexpr std::string_view kUserLabel = "user_id";
inline constexpr std::string_view kViolationLabel = "type";
inline constexpr std::string_view kModelLabel = "model";

inline constexpr std::string_view kDailyMinutesType = "daily_minutes";
inline constexpr std::string_view kConcurrentStreamsType = "concurrent_streams";
inline constexpr std::string_view kConcurrentJobsType = "concurrent_jobs";

/// The dotted names of the replaced system. They are other words for the same series, never series of their own.
struct Alias {
  std::string_view alias;
  std::string_view of;
};
inline constexpr Alias kAliases[] = {
    {"audio.streaming.active", kStreamsMetric},
    {"audio.jobs.active", kJobsMetric},
    {"audio.quota_violations_total", kViolationsMetric},
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_DEFINITIONS_H_
