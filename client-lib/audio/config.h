#ifndef SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_

// The audio part of the configuration, and the one reader of it: worker and agent cannot disagree.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client-lib/audio/ini_reader.h"
#include "shmetrics/audio_tier.h"

namespace shmetrics::audio {

/// The defaults are those of the system that shmetrics replaces.
struct AudioConfig {
  /// By tier: LimitsOf() reads it.
  std::array<Limits, 3> limits = {Limits{30.0, 1, 1, 25}, Limits{300.0, 3, 3, 100},
                                  Limits{std::nullopt, 10, 10, 500}};
  std::chrono::seconds stream_ttl{120};  ///< 30 .. 3600
  std::chrono::seconds job_ttl{600};     ///< 30 .. 3600
  /// Users are named in labels by a keyed hash of their id. True also where the file says something about it that is
  /// not understood, cannot be read, or is not there although it was named: a slip must not disclose who the users are.
  bool hash_user_id = false;
  /// At least 16 bytes; empty, if hash_user_id is true, where the file gives none: then no user can be named.
  std::string hash_user_id_key;
  std::string state_file;           ///< where the agent saves the ledger; empty: nowhere
  std::vector<std::string> models;  ///< offered whether or not a worker has announced them

  /// Of a number that is no tier: the limits of free.
  const Limits& LimitsOf(Tier tier) const {
    const std::size_t index = static_cast<std::size_t>(tier) - 1;
    return limits[index < limits.size() ? index : 0];
  }
  /// What names the user in labels and in the ledger: his id, or "u_" and the first 16 hex digits of its HMAC-SHA256.
  /// Empty, and never his id, if it should be hashed and there is no key.
  std::string UserLabelOf(std::string_view user_id) const;
  /// Whether `label` can be one of UserLabelOf(): anything, but where ids are hashed only what looks hashed.
  bool IsUserLabel(std::string_view label) const;
};

struct AudioConfigReading {
  AudioConfig config;
  std::string file;  ///< what was read, to its end; empty if no file was
  /// What is wrong in [Audio-Quota], each one line naming file, line and key; the default holds instead.
  std::vector<std::string> file_errors;
  /// What is wrong in the environment, each one line naming the variable; what the file says, or the default, holds.
  std::vector<std::string> environment_errors;
};

/// "free", "standard" or "premium"; "" for what is no tier.
std::string_view TierName(Tier tier);
std::optional<Tier> ParseTier(std::string_view name);
/// A tier as the ledger has it; nothing for 0, which is none, and for any number that a segment may hold beside.
std::optional<Tier> ToTier(std::uint32_t number);

inline constexpr std::string_view kConfigSection = "Audio-Quota";
/// Whether `name` is kConfigSection but for letters' sizes, hyphens, underscores and spaces, and so was meant to be it.
bool IsMisspeltSection(std::string_view name);

inline constexpr const char* kDefaultConfigFile = "/etc/shmetrics/shmetrics.ini";
/// The ini file of workers and agent: $SHMETRICS_CONFIG, else `default_file` unless it is known not to be there. One that
/// is there and cannot be read is for ReadAudioConfig() to complain of.
std::optional<std::string> ConfigFile(const std::string& default_file = kDefaultConfigFile);

/// Reads [Audio-Quota] of `path`, if there is one, and then the environment, which wins everywhere. (The replaced system
/// promised the same and let the file win over the tiers of the environment.) A TTL out of its range is brought into it,
/// as there, and is no error. The other sections are the agent's and are passed over; one whose name is misspelt is an
/// error. What the keys of hashing are set to is in no error. Throws nothing but std::bad_alloc.
///
/// Keys: stream_ttl_seconds, job_ttl_seconds; {free,standard,premium}_{daily_minutes,concurrent_streams,concurrent_jobs,
/// max_file_size_mb}, where `none`, `unlimited` and -1 mean unlimited and 0 means nothing at all; hash_user_id,
/// hash_user_id_key; state_file; models; failopen_cap_minutes, of the replaced system, has no effect. Variables:
/// AUDIO_STREAM_TTL_SECONDS, AUDIO_JOB_TTL_SECONDS, AUDIO_TIER_LIMITS_JSON; an empty one is as good as none.
///
/// Thread-safe as ReadIni().
AudioConfigReading ReadAudioConfig(const std::optional<std::string>& path);
/// The same of a file that has been read already; null: there is none.
AudioConfigReading ReadAudioConfig(const IniFile* file);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_CONFIG_H_
