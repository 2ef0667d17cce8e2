#include "agent/base/timestamp.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace shmetrics::agent {

std::string FormatUtc(std::int64_t unix_ns) {
  using std::chrono::floor;
  // Converts to milliseconds first: in int64 nanoseconds, the start of the earliest day cannot be expressed.
  const auto since_epoch = floor<std::chrono::milliseconds>(std::chrono::nanoseconds(unix_ns));
  const auto day = floor<std::chrono::days>(since_epoch);
  const std::chrono::year_month_day date{std::chrono::sys_days(day)};
  const std::chrono::hh_mm_ss time(since_epoch - day);

  std::array<char, 40> text{};
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace shmetrics::agent
