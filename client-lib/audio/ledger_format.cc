#include "client-lib/audio/ledger_format.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <system_error>
#include <tuple>
#include <utility>

#include "client-lib/audio/config.h"
#include "client-lib/audio/json.h"
#include "shm/series/label_block.h"

namespace shmetrics::audio {
namespace {

using shm::LedgerRecord;

constexpr std::string_view kFormat = "shmetrics-ledger-2";
/// It had one day for each user, and did not say of which segment it is.
constexpr std::string_view kFormerFormat = "shmetrics-ledger-1";
constexpr std::string_view kFamilyOfFormats = "shmetrics-ledger-";
/// Below 2^53, so that every JSON reader has it exactly. It is nine million minutes, and a day has 1,440.
constexpr std::uint64_t kMaxNanoMinutes = 9'000'000'000'000'000;
constexpr auto kLastTier = static_cast<std::uint32_t>(Tier::premium);

bool SaysSomething(const LedgerRecord& record) {
  return !record.key.empty() && record.day >= 0 && record.day <= kLastDay && record.key_class <= kLastTier &&
         (record.amount > 0 || record.key_class > 0);
}

bool IsBefore(const LedgerRecord& a, const LedgerRecord& b) {
  return std::tie(a.key, a.domain, a.day) < std::tie(b.key, b.domain, b.day);
}

void WriteUser(const LedgerRecord& record, JsonWriter* json) {
  json->StartObject();
  WriteKey("user", json);
  WriteText(record.key, json);
  if (!record.domain.empty()) {
    WriteKey("domain", json);
    WriteText(record.domain, json);
  }
  WriteKey("day", json);
  WriteText(FormatDay(record.day), json);
  WriteKey("nano_minutes", json);
  json->Uint64(std::min(record.amount, kMaxNanoMinutes));
  WriteKey("tier", json);
  if (const std::optional<Tier> tier = ToTier(record.key_class)) {
    WriteText(TierName(*tier), json);
  } else {
    json->Null();
  }
  json->EndObject();
}

Error Corrupt(const std::string& what) { return {ErrorCode::kCorrupt, what}; }

/// The number that the digits text[first .. first + count) are; none if one of them is no digit.
std::optional<int> Number(std::string_view text, std::size_t first, std::size_t count) {
  int number = 0;
  const char* const begin = text.data() + first;
  const auto [end, error] = std::from_chars(begin, begin + count, number);
  if (error != std::errc() || end != begin + count || number < 0) return std::nullopt;
  return number;
}

/// From 2026-11-22, and nothing else, to days since 1970-01-01.
std::optional<std::int64_t> ParseDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::optional<int> year = Number(text, 0, 4);
  const std::optional<int> month = Number(text, 5, 2);
  const std::optional<int> day = Number(text, 8, 2);
  if (!year || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *year < 1970) return std::nullopt;
  const std::chrono::sys_days since_1970 = date;
  return since_1970.time_since_epoch().count();
}

/// The member `key`, or a null pointer.
const JsonValue* Member(const JsonValue& object, const char* key) {
  const auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}

const JsonValue* TextMember(const JsonValue& object, const char* key) {
  const JsonValue* const value = Member(object, key);
  return value != nullptr && value->IsString() ? value : nullptr;
}

std::optional<LedgerRecord> ParseUser(const JsonValue& user) {
  if (!user.IsObject()) return std::nullopt;
  const JsonValue* const domain = Member(user, "domain");
  if (domain != nullptr && (!domain->IsString() || domain->GetStringLength() == 0)) return std::nullopt;
  // If all are there, this count says that none is there twice and that there is no other.
  if (user.MemberCount() != (domain == nullptr ? 4 : 5)) return std::nullopt;
  const JsonValue* const name = TextMember(user, "user");
  const JsonValue* const day = TextMember(user, "day");
  const JsonValue* const nano_minutes = Member(user, "nano_minutes");
  const JsonValue* const tier = Member(user, "tier");
  if (name == nullptr || day == nullptr || nano_minutes == nullptr || tier == nullptr) return std::nullopt;
  const std::optional<std::int64_t> parsed_day = ParseDay(TextOf(*day));
  const std::optional<Tier> parsed_tier = tier->IsString() ? ParseTier(TextOf(*tier)) : std::nullopt;
  const bool is_good = name->GetStringLength() > 0 && parsed_day && nano_minutes->IsUint64() &&
                       nano_minutes->GetUint64() <= kMaxNanoMinutes && (parsed_tier || tier->IsNull());
  if (!is_good) return std::nullopt;
  return LedgerRecord{.key = std::string(TextOf(*name)),
                      .day = *parsed_day,
                      .amount = nano_minutes->GetUint64(),
                      .key_class = parsed_tier ? static_cast<std::uint32_t>(*parsed_tier) : 0,
                      .domain = domain == nullptr ? std::string() : std::string(TextOf(*domain))};
}

}  // namespace

std::string FormatDay(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string FormatLedgerUsers(std::vector<LedgerRecord> ledger) {
  std::erase_if(ledger, [](const auto& record) { return !SaysSomething(record); });
  std::ranges::sort(ledger, IsBefore);
  // No worker writes two records of one user and day, and a reader refuses them.
  // (std::unique: clang 14, which clang-tidy is, cannot compile what std::ranges::unique returns.)
  const auto is_same = [](const auto& a, const auto& b) { return !IsBefore(a, b); };
  ledger.erase(std::unique(ledger.begin(), ledger.end(), is_same), ledger.end());
  JsonText text;
  JsonWriter json(text);
  json.StartArray();
  for (const LedgerRecord& record : ledger) WriteUser(record, &json);
  json.EndArray();
  return {text.GetString(), text.GetSize()};
}

LedgerOrigin OriginOf(std::string_view segment_path, const std::array<std::uint8_t, 16>& segment_id) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  LedgerOrigin origin;
  if (shm::IsValidUtf8(segment_path)) origin.segment = segment_path;
  for (const std::uint8_t byte : segment_id) {
    origin.segment_id += kDigits[byte >> 4U];
    origin.segment_id += kDigits[byte & 15U];
  }
  return origin;
}

std::string FormatLedgerFile(std::string_view users, std::string_view saved, const LedgerOrigin& origin) {
  JsonText head;
  JsonWriter json(head);
  json.StartObject();
  WriteKey("format", &json);
  WriteText(kFormat, &json);
  WriteKey("saved", &json);
  WriteText(saved, &json);
  WriteKey("segment", &json);
  WriteText(origin.segment, &json);
  WriteKey("segment_id", &json);
  WriteText(origin.segment_id, &json);
  json.EndObject();
  std::string text(head.GetString(), head.GetSize() - 1);  // without the last brace
  text.append(R"(,"users":)").append(users).append("}\n");
  return text;
}

Result<std::vector<LedgerRecord>> ParseLedgerFile(std::string_view text, LedgerOrigin* origin) {
  JsonDocument document;
  if (const std::optional<std::string> broken = ParseJson(text, &document)) return Corrupt(*broken);
  const JsonValue* const format = document.IsObject() ? TextMember(document, "format") : nullptr;
  if (format == nullptr || !TextOf(*format).starts_with(kFamilyOfFormats)) {
    return Corrupt("its format is neither " + std::string(kFormat) + " nor " + std::string(kFormerFormat));
  }
  const bool is_former = TextOf(*format) == kFormerFormat;
  if (!is_former && TextOf(*format) != kFormat) {
    return Corrupt("its format is " + std::string(TextOf(*format)) + ", and this version reads " +
                   std::string(kFormat) + "; it was saved by a newer version");
  }
  const bool has_origin = !is_former;
  const JsonValue* const users = Member(document, "users");
  const JsonValue* const segment = TextMember(document, "segment");
  const JsonValue* const segment_id = TextMember(document, "segment_id");
  const bool is_complete = users != nullptr && users->IsArray() && TextMember(document, "saved") != nullptr &&
                           (!has_origin || (segment != nullptr && segment_id != nullptr));
  if (!is_complete || document.MemberCount() != (has_origin ? 5 : 3)) {
    return Corrupt(has_origin ? "it is not just format, saved, segment, segment_id and users"
                              : "it is not just format, saved and users");
  }
  if (origin != nullptr) {
    *origin = has_origin ? LedgerOrigin{std::string(TextOf(*segment)), std::string(TextOf(*segment_id))}
                         : LedgerOrigin{};
  }
  std::vector<LedgerRecord> records;
  records.reserve(users->Size());
  for (const JsonValue& user : users->GetArray()) {
    std::optional<LedgerRecord> record = ParseUser(user);
    const bool is_in_order =
        record && (records.empty() ||
                   (IsBefore(records.back(), *record) && !(is_former && records.back().key == record->key)));
    if (!is_in_order) {
      return Corrupt("user number " + std::to_string(records.size() + 1) +
                     (record ? " is out of order" : " is not as it should be"));
    }
    records.push_back(std::move(*record));
  }
  return records;
}

}  // namespace shmetrics::audio
