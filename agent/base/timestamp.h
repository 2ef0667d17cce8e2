#ifndef SHMETRICS_AGENT_BASE_TIMESTAMP_H_
#define SHMETRICS_AGENT_BASE_TIMESTAMP_H_

#include <cstdint>
#include <string>

namespace shmetrics::agent {

/// Formats nanoseconds since 1970 as ISO 8601 in UTC, to the millisecond: 2025-01-31T23:59:59.999Z. Defined
/// for every value, because some come from the segment.
std::string FormatUtc(std::int64_t unix_ns);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_BASE_TIMESTAMP_H_
