#ifndef SHMETRICS_AGENT_LOG_H_
#define SHMETRICS_AGENT_LOG_H_

// The agent's log: lines of logfmt on standard error. The one room of spdlog.

#include <cstdint>
#include <optional>
#include <string_view>

namespace shmetrics::agent {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

/// "debug", "info", "warn" or "error".
std::optional<LogLevel> ParseLogLevel(std::string_view word);

/// Sets the form of the lines and the least level that is printed. Before anything is logged.
void StartLog(LogLevel level);

/// `message` is plain text, never a format; quotes, backslashes and control characters in it are escaped.
void Log(LogLevel level, std::string_view message);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_LOG_H_
