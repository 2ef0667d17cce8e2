#ifndef SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_

// The audio part of the configuration, and the one reader of it: worker and agent cannot disagree.

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shmetrics/audio_tier.h"

namespace shmetrics::audio {

/// The defaults are those of the system that shmetrics replaces.
struct AudioConfig {
  /// By tier: LimitsOf() reads it.
  std::array<Limits, 3> limits = {Limits{30.0, 1, 1, 25}, Limits{300.0, 3, 3, 100},
                                  Limits{std::nullopt, 10, 10, 500}};
  std::chrono::seconds stream_ttl{120};  ///< 30 .. 3600
  std::chrono::seconds job_ttl{600};     ///< 30 .. 3600
  /// Users are named in labels by a keyed hash of their id.
  bool hash_user_id = false;
  std::string hash_user_id_key;
  std::string state_file;           ///< where the agent saves the ledger; empty: nowhere
  std::vector<std::string> models;  ///< offered whether or not a worker has announced them

  const Limits& LimitsOf(Tier tier) const { return limits[static_cast<std::size_t>(tier) - 1]; }
  /// What names the user in labels and in the ledger: his id, or "u_" and the first 16 hex digits of its HMAC-SHA256.
  std::string UserLabelOf(std::string_view user_id) const;
};

struct AudioConfigReading {
  AudioConfig config;
  /// What is wrong in [Audio-Quota], each one line naming file, line and key; the default holds instead.
  std::vector<std::string> file_errors;
  /// What is wrong in the environment, each one line naming the variable; what the file says, or the default, holds.
  std::vector<std::string> environment_errors;
};

/// "free", "standard" or "premium".
std::string_view TierName(Tier tier);
std::optional<Tier> ParseTier(std::string_view name);

/// The ini file of workers and agent: $SHMETRICS_CONFIG, else /etc/shmetrics/shmetrics.ini where it exists.
std::optional<std::string> ConfigFile();

/// Reads [Audio-Quota] of `path`, if there is one, and then the environment, which wins. Throws nothing but
/// std::bad_alloc.
AudioConfigReading ReadAudioConfig(const std::optional<std::string>& path);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_
