#include "agent/audio/ledger_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "agent/json/json_writer.h"
#include "client-lib/audio/config.h"
#include "client-lib/audio/definitions.h"

namespace shmetrics::agent {
namespace {

/// 9999-12-31: a year of five digits would be no date of ISO 8601.
constexpr std::int64_t kLastDay = 2'932'896;
constexpr auto kLastTier = static_cast<std::uint32_t>(audio::Tier::premium);

bool SaysSomething(const shm::LedgerRecord& record) {
  return !record.key.empty() && record.day >= 0 && record.day <= kLastDay && record.tier <= kLastTier &&
         (record.nano_minutes > 0 || record.tier > 0);
}

std::string FormatDay(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text.data(), static_cast<std::size_t>(length)};
}

void WriteUser(const shm::LedgerRecord& record, JsonWriter* json) {
  json->StartObject();
  json->Key("user");
  json->String(record.key);
  json->Key("day");
  json->String(FormatDay(record.day));
  json->Key("nano_minutes");
  json->Integer(std::min(record.nano_minutes, audio::kMaxLedgerNanoMinutes));
  json->Key("tier");
  if (const std::optional<audio::Tier> tier = audio::ToTier(record.tier)) {
    json->String(audio::TierName(*tier));
  } else {
    json->Null();
  }
  json->EndObject();
}

}  // namespace

std::string LedgerUsersJson(std::vector<shm::LedgerRecord> ledger) {
  std::erase_if(ledger, [](const auto& record) { return !SaysSomething(record); });
  std::ranges::sort(ledger, {}, &shm::LedgerRecord::key);
  // No worker writes two of one user; a reader refuses them.
  // (std::unique: clang 14, which clang-tidy is, cannot compile what std::ranges::unique gives back.)
  const auto is_same_user = [](const auto& a, const auto& b) { return a.key == b.key; };
  ledger.erase(std::unique(ledger.begin(), ledger.end(), is_same_user), ledger.end());
  std::string users;
  JsonWriter json(&users);
  json.StartArray();
  for (const shm::LedgerRecord& record : ledger) WriteUser(record, &json);
  json.EndArray();
  return users;
}

std::string LedgerFileJson(std::string_view users, std::string_view saved) {
  std::string text = R"({"format":")";
  text.append(audio::kLedgerFormat)
      .append(R"(","saved":")")
      .append(saved)
      .append(R"(","users":)")
      .append(users)
      .append("}\n");
  return text;
}

}  // namespace shmetrics::agent
