#include "client-lib/audio/limit.h"

#include <strings.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <system_error>

namespace shmetrics::audio {
namespace {

/// Far more than the 1,440 minutes of a day; in billionths it still fits an int64.
constexpr double kMaxMinutes = 1e9;

/// The count that is called `key`; null for daily_minutes and for unknown keys.
std::optional<std::uint32_t>* CountOf(std::string_view key, Limits* limits) {
  if (key == "concurrent_streams") return &limits->concurrent_streams;
  if (key == "concurrent_jobs") return &limits->concurrent_jobs;
  if (key == "max_file_size_mb") return &limits->max_file_size_mb;
  return nullptr;
}

}  // namespace

bool IsLimitKey(std::string_view key) {
  Limits limits{};
  return key == "daily_minutes" || CountOf(key, &limits) != nullptr;
}

bool IsUnlimitedWord(std::string_view word) {
  // The lengths are compared too, because a word from JSON may contain a NUL.
  const auto is = [word](std::string_view other) {
    return word.size() == other.size() && strncasecmp(word.data(), other.data(), word.size()) == 0;
  };
  return is("none") || is("unlimited");
}

bool SetLimit(std::string_view key, std::optional<double> value, Limits* limits) {
  if (value == -1.0) value.reset();
  // Written so that NaN is refused. The sign bit tells -0 from 0.
  if (value && (!(*value >= 0) || std::signbit(*value))) return false;
  if (key == "daily_minutes") {
    if (value && *value > kMaxMinutes) return false;
    limits->daily_minutes = value;
    return true;
  }
  std::optional<std::uint32_t>* const count = CountOf(key, limits);
  if (count == nullptr) return false;
  if (value && (*value > std::numeric_limits<std::uint32_t>::max() || std::floor(*value) != *value))
    return false;
  *count = value ? std::optional(static_cast<std::uint32_t>(*value)) : std::nullopt;
  return true;
}

bool SetLimitText(std::string_view key, std::string_view text, Limits* limits) {
  if (IsUnlimitedWord(text)) return SetLimit(key, std::nullopt, limits);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  return SetLimit(key, value, limits);
}

}  // namespace shmetrics::audio
