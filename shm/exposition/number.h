#ifndef SHMETRICS_SHM_EXPOSITION_NUMBER_H_
#define SHMETRICS_SHM_EXPOSITION_NUMBER_H_

// Writes numbers as all exposition formats spell them. The functions write at `out`, which must have room for
// kMaxNumberBytes, and return the end of what they wrote.

#include <charconv>
#include <cstddef>
#include <cstdint>

namespace shmetrics::shm {

/// More than the longest double, -2.2250738585072014e-308, and the largest u64 need.
inline constexpr std::size_t kMaxNumberBytes = 32;

/// Exact: the writer never rounds a counter, even if the reader's double cannot hold it.
inline char* WriteInteger(char* out, std::uint64_t value) {
  return std::to_chars(out, out + kMaxNumberBytes, value).ptr;
}

/// The shortest text that reads back as the same double, as Go's strconv prints it; NaN, +Inf, -Inf.
char* WriteDouble(char* out, double value);

/// The upper bound of a bucket as OpenMetrics wants it: always recognisable as a float ("1.0", "1e+06"),
/// because Prometheus 2 takes le="1" and le="1.0" for different series.
char* WriteBound(char* out, double bound);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_EXPOSITION_NUMBER_H_
