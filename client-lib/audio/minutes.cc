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

DailyMinutes ToDay(const shm::Ledger::Account& account, std::optional<std::uint64_t> limit) {
  DailyMinutes day{static_cast<double>(account.amount) / kAmountPerMinute, std::nullopt, std::nullopt};
  if (limit) {
    day.limit = static_cast<double>(*limit) / kAmountPerMinute;
    day.remaining =
        account.amount < *limit ? static_cast<double>(*limit - account.amount) / kAmountPerMinute : 0.0;
  }
  return day;
}

std::string InWords(const DailyMinutes& day) {
  const std::string used = ToText(day.used);
  if (!day.limit) return used + " are used today";
  return used + " of " + ToText(*day.limit) + " are used today, " + ToText(*day.remaining) + " are left";
}

}  // namespace shmetrics::audio
