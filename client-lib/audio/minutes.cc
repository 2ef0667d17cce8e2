#include "client-lib/audio/minutes.h"

#include <charconv>
#include <cmath>
#include <iterator>

#include "client-lib/audio/definitions.h"

namespace shmetrics::audio {
namespace {

/// As short as it is exact, and with a point: std::to_string() takes the application's decimal sign.
std::string ToText(double number) {
  char text[32];
  const std::to_chars_result end = std::to_chars(std::begin(text), std::end(text), number);
  return {text, end.ptr};
}

constexpr double kMaxMinutes = 1e6;

}  // namespace

bool AreMinutes(double minutes) { return minutes > 0 && minutes <= kMaxMinutes; }

Error NotMinutes() {
  return Error{ErrorCode::kBadOption, "minutes must be more than 0 and at most 1,000,000"};
}

std::uint64_t ToAmount(double minutes) {
  return static_cast<std::uint64_t>(std::llround(minutes * kAmountPerMinute));
}

DailyMinutes ToDay(const shm::Account& account, std::optional<std::uint64_t> limit) {
  const auto to_minutes = [](std::uint64_t amount) { return static_cast<double>(amount) / kAmountPerMinute; };
  DailyMinutes day{to_minutes(account.amount), std::nullopt, std::nullopt, to_minutes(account.reserved)};
  if (limit) {
    const std::uint64_t taken = shm::AddAmounts(account.amount, account.reserved);
    day.limit = to_minutes(*limit);
    day.remaining = taken < *limit ? to_minutes(*limit - taken) : 0.0;
  }
  return day;
}

std::string InWords(const DailyMinutes& day) {
  std::string text = ToText(day.used);
  if (day.limit) text += " of " + ToText(*day.limit);
  text += " are used today, " + ToText(day.reserved) + " are reserved";
  if (day.remaining) text += ", " + ToText(*day.remaining) + " are left";
  return text;
}

}  // namespace shmetrics::audio
