#ifndef SHMETRICS_TESTS_SUPPORT_FAKE_CLOCK_H_
#define SHMETRICS_TESTS_SUPPORT_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

namespace shmetrics::testing {

// The clocks of a test program, also for its libraries and under AddressSanitizer. Unless a test sets these,
// they show the time.

/// How far the wall clock is ahead.
extern std::atomic<std::int64_t> wall_clock_ahead_seconds;
/// How far the clock is ahead by which a worker waits before it tries again (CLOCK_MONOTONIC_COARSE).
extern std::atomic<std::int64_t> retry_clock_ahead_seconds;
/// Called whenever that clock is asked. Null: nothing is.
extern std::atomic<void (*)()> on_retry_clock;

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_FAKE_CLOCK_H_
