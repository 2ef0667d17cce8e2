#ifndef SHMETRICS_CLIENT_LIB_AUDIO_LIMIT_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_LIMIT_H_

// One limit of one tier as people write it, alike in the ini file and in the environment's JSON.

#include <optional>
#include <string_view>

#include "shmetrics/audio_tier.h"

namespace shmetrics::audio {

/// Whether `key` is daily_minutes, concurrent_streams, concurrent_jobs or max_file_size_mb.
bool IsLimitKey(std::string_view key);

/// What a limit can be, for an error message: "'x' is not " and this.
inline constexpr std::string_view kLimitForm =
    "a limit; write a number from 0 (a whole one, but for daily_minutes), or 'unlimited'";

/// Whether `word` is `none` or `unlimited` in letters of any size.
bool IsUnlimitedWord(std::string_view word);

/// Sets the limit that is called `key`; none and -1 mean unlimited. False, with `limits` as it was, for everything else
/// that is below 0, above what can be counted, or a fraction of what cannot be divided.
bool SetLimit(std::string_view key, std::optional<double> value, Limits* limits);

/// The same from text: a number or an IsUnlimitedWord().
bool SetLimitText(std::string_view key, std::string_view text, Limits* limits);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_LIMIT_H_
