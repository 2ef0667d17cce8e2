#ifndef SHMETRICS_AGENT_BASE_LOG_LINE_H_
#define SHMETRICS_AGENT_BASE_LOG_LINE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/log.h"

namespace shmetrics::agent {

/// "debug", "info", "warn" or "error".
std::string_view LogLevelName(LogLevel level);

/// One line with its end. Whatever is in `message`, the line is well-formed; in JSON it is valid UTF-8.
std::string LogLine(LogFormat format, std::int64_t unix_ns, LogLevel level, std::string_view message);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_LOG_LINE_H_
