#ifndef SHMETRICS_CLIENT_LIB_AUDIO_LIMIT_H_
#define SHMETRICS_CLIENT_LIB_AUDIO_LIMIT_H_

// One limit of one tier, as people write it in the ini file and in the JSON of the environment.

#include <optional>
#include <string_view>

#include "shmetrics/audio_tier.h"

namespace shmetrics::audio {

/// True if `key` is daily_minutes, concurrent_streams, concurrent_jobs or max_file_size_mb.
bool IsLimitKey(std::string_view key);

/// The end of an error message that begins with "'x' is not ": what a limit can be.
inline constexpr std::string_view kLimitForm =
    "a limit; write a number from 0 (a whole one, but for daily_minutes), or 'unlimited'";

/// True if `word` is `none` or `unlimited`, in upper or lower case.
bool IsUnlimitedWord(std::string_view word);

/// Sets the limit that is called `key`; no value and -1 mean unlimited. False for any other value below 0,
/// for one that is too large, and for a fraction if the limit is a count. Then `limits` stays as it was.
bool SetLimit(std::string_view key, std::optional<double> value, Limits* limits);

/// Does the same with text, which is a number or satisfies IsUnlimitedWord().
bool SetLimitText(std::string_view key, std::string_view text, Limits* limits);

}  // namespace shmetrics::audio

#endif  // SHMETRICS_CLIENT_LIB_AUDIO_LIMIT_H_
