#ifndef SHMETRICS_AGENT_BASE_LOG_H_
#define SHMETRICS_AGENT_BASE_LOG_H_

// The agent's log: lines on standard error. Only log.cc uses spdlog.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace shmetrics::agent {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

enum class LogFormat : std::uint8_t {
  kLogfmt,  ///< time=... level=info msg="..."
  kJson,    ///< {"time":"...","level":"info","msg":"..."}
};

/// Parses "debug", "info", "warn" or "error".
std::optional<LogLevel> ParseLogLevel(std::string_view word);

/// Parses "logfmt" or "json".
std::optional<LogFormat> ParseLogFormat(std::string_view word);

/// Sets the format of the lines and the lowest level that is printed. May be called again while other threads
/// log.
void StartLog(LogLevel level, LogFormat format = LogFormat::kLogfmt);

/// From now on a thread of its own writes the lines, so that a reader of stderr who stands still holds nobody
/// up. Lines wait in a queue; if it is full, the oldest line is dropped and counted. Without this call every
/// thread writes its lines itself. Call it once, before other threads log.
void StartLogThread();

/// Waits until every line so far is written, and no longer than `patience`: call it before the program ends.
/// False if lines are left.
bool FlushLog(std::chrono::milliseconds patience);

/// How many lines nobody can read: there was no room in the queue, or stderr did not take them.
std::uint64_t DroppedLogLines();

/// `message` is plain text, never a format string. Whatever it contains, the result is one well-formed line;
/// in JSON it is valid UTF-8.
void Log(LogLevel level, std::string_view message);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_LOG_H_
