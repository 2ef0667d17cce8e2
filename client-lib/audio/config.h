#ifndef SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_

// The audio part of the configuration. Workers and the agent read it by the same code, so that they cannot
// disagree.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/config/ini_reader.h"
#include "shmetrics/audio_tier.h"

namespace shmetrics::audio {

/// The defaults are those of the system that shmetrics replaces.
struct AudioConfig {
  /// By tier; LimitsOf() reads it.
  std::array<Limits, 3> limits = {Limits{30.0, 1, 1, 25}, Limits{300.0, 3, 3, 100},
                                  Limits{std::nullopt, 10, 10, 500}};
  std::chrono::seconds stream_ttl{120};  ///< 30 .. 3600
  std::chrono::seconds job_ttl{600};     ///< 30 .. 3600
  /// True if labels name users by a keyed hash of their id. Also true if what the file says about it is not
  /// understood, if the file cannot be read, or if a file was named and is absent: a slip must not disclose
  /// who the users are.
  bool hash_user_id = false;
  /// At least 16 bytes if hash_user_id is true. Empty if the file gives no such key: then no user can be
  /// named.
  std::string hash_user_id_key;
  std::string state_file;           ///< where the agent saves the ledger; empty: nowhere
  std::vector<std::string> models;  ///< offered whether or not a worker has announced them

  /// The limits of a tier; those of free for a number that is no tier.
  const Limits& LimitsOf(Tier tier) const {
    const std::size_t index = static_cast<std::size_t>(tier) - 1;
    return limits[index < limits.size() ? index : 0];
  }
  /// The name of a user in labels and in the ledger: the id, or "u_" and the first 16 hex digits of its
  /// HMAC-SHA256. If ids are hashed and there is no key, it is empty, and never the id.
  std::string UserLabelOf(std::string_view user_id) const;
  /// True if `label` can come from UserLabelOf(). If ids are hashed, only labels that look hashed can.
  bool IsUserLabel(std::string_view label) const;
};

struct AudioConfigReading {
  AudioConfig config;
  std::string file;  ///< the file that was read to its end; empty if there was none
  /// The errors in [Audio-Quota]. Each is one line, which names file, line and key. The default holds
  /// instead.
  std::vector<std::string> file_errors;
  /// The errors in the environment. Each is one line, which names the variable. The file or the default holds
  /// instead.
  std::vector<std::string> environment_errors;
};

/// "free", "standard" or "premium"; "" for a number that is no tier.
std::string_view TierName(Tier tier);
std::optional<Tier> ParseTier(std::string_view name);
/// From a class of the ledger to a tier. None for 0, which means that none was set, and for any other number
/// that a segment may hold.
std::optional<Tier> ToTier(std::uint32_t number);

inline constexpr std::string_view kConfigSection = "Audio-Quota";
/// True if `name` differs from kConfigSection only in upper and lower case, hyphens, underscores and spaces.
/// Then somebody meant to write kConfigSection.
bool IsMisspeltSection(std::string_view name);

/// Reads [Audio-Quota] of `path`, if there is one, and then the environment, which always wins. (The replaced
/// system promised the same, but let the file win over the tiers of the environment.) A TTL out of its range
/// is moved to the end of the range, as in the replaced system, and is no error. The other sections are the
/// agent's, and this passes over them. A section whose name is misspelt is an error. No error shows the
/// values of the keys of hashing. Throws nothing but std::bad_alloc.
///
/// Keys: stream_ttl_seconds, job_ttl_seconds, hash_user_id, hash_user_id_key, state_file, models; and
/// {tier}_daily_minutes, {tier}_concurrent_streams, {tier}_concurrent_jobs and {tier}_max_file_size_mb for
/// each of free, standard and premium. In the latter `none`, `unlimited` and -1 mean unlimited, and 0 means
/// nothing at all. failopen_cap_minutes of the replaced system has no effect.
///
/// Variables: AUDIO_STREAM_TTL_SECONDS, AUDIO_JOB_TTL_SECONDS, AUDIO_TIER_LIMITS_JSON. An empty one counts as
/// not set; in a program with more rights than its user each is ignored, which is an error too.
///
/// Thread-safe as ReadIni() is.
AudioConfigReading ReadAudioConfig(const std::optional<std::string>& path);
/// Does the same with a file that has been read already; null if there is none.
AudioConfigReading ReadAudioConfig(const config::IniFile* file);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_
