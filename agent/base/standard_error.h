#ifndef SHMETRICS_AGENT_BASE_STANDARD_ERROR_H_
#define SHMETRICS_AGENT_BASE_STANDARD_ERROR_H_

#include <chrono>
#include <string_view>

namespace shmetrics::agent {

inline constexpr std::chrono::milliseconds kForEver{-1};

/// Writes all of `text` to stderr, and waits for its reader for as long as `patience`. False if the reader
/// took less than all of it, or if there is no reader.
bool WriteToStandardError(std::string_view text, std::chrono::milliseconds patience);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_STANDARD_ERROR_H_
