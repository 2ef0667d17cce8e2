#ifndef SHMETRICS_AGENT_JSON_HISTORY_JSON_H_
#define SHMETRICS_AGENT_JSON_HISTORY_JSON_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "agent/history/history.h"

namespace shmetrics::agent {

/// Both clocks at one moment. The history keeps CLOCK_BOOTTIME, and people want the time of day.
struct ClockReading {
  std::int64_t unix_ns;
  std::int64_t boot_ns;
};

/// Appends {timestamp, step_seconds, times, breaks, families, left_out: {families, series}}.
/// `times` are in seconds since 1970, the oldest first, of the last ten minutes. Every list of values has an
/// entry for each of them: null where nothing is known. `breaks` are those times before which the segment was
/// replaced: no rate reaches over them.
/// A family is {name, type, unit, series, total, top: [{labels, values}]}, and for a histogram, whose values are
/// counts, also {sum, buckets: [{le, counts}]}. `top` are the `top` most active of the series that are kept. The
/// families are those in `names`, or all if it is empty.
void WriteHistoryJson(const History& history, std::span<const std::string_view> names, std::size_t top,
                      ClockReading now, std::string* out);

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_JSON_HISTORY_JSON_H_
