#ifndef SHMETRICS_AUDIO_TIER_H_
#define SHMETRICS_AUDIO_TIER_H_

#include <cstdint>
#include <optional>

namespace shmetrics::audio {

/// The plan a user has paid for. The values are in the segment: never change one.
enum class Tier : std::uint8_t { free = 1, standard = 2, premium = 3 };

/// The limits of a tier. None means unlimited; 0 means nothing at all.
struct Limits {
  std::optional<double> daily_minutes;  ///< minutes of audio per UTC day
  std::optional<std::uint32_t> concurrent_streams;
  std::optional<std::uint32_t> concurrent_jobs;
  std::optional<std::uint32_t> max_file_size_mb;  ///< only reported: the application handles files

  bool operator==(const Limits&) const = default;
};

}  // namespace shmetrics::audio

#endif  // SHMETRICS_AUDIO_TIER_H_
