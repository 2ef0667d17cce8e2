#include "client-lib/audio/tier_json.h"

#include <optional>
#include <utility>

#include "client-lib/audio/config.h"
#include "client-lib/audio/json.h"
#include "client-lib/audio/limit.h"

namespace shmetrics::audio {
namespace {

bool SetFromJson(std::string_view key, const JsonValue& value, Limits* limits) {
  if (value.IsNull()) return SetLimit(key, std::nullopt, limits);
  if (value.IsNumber()) return SetLimit(key, value.GetDouble(), limits);
  return value.IsString() && IsUnlimitedWord(TextOf(value)) && SetLimit(key, std::nullopt, limits);
}

void ApplyTier(const std::string& tier, const JsonValue& entries, Limits* limits,
               std::vector<std::string>* errors) {
  for (const auto& [name, value] : entries.GetObject()) {
    const std::string_view key = TextOf(name);
    std::string error = tier;
    error.append(".").append(key);
    if (!IsLimitKey(key)) {
      errors->push_back(error +
                        ": no such limit; there are daily_minutes, concurrent_streams, concurrent_jobs and "
                        "max_file_size_mb");
    } else if (!SetFromJson(key, value, limits)) {
      errors->push_back(error.append(": not ").append(kLimitForm));
    }
  }
}

}  // namespace

std::vector<std::string> ApplyTierJson(std::string_view json, std::array<Limits, 3>* limits) {
  JsonDocument document;
  if (const std::optional<std::string> broken = ParseJson(json, &document)) return {*broken};
  if (!document.IsObject()) return {"not an object of tiers"};
  std::vector<std::string> errors;
  for (const auto& [name, entries] : std::as_const(document).GetObject()) {
    const std::string word(TextOf(name));
    const std::optional<Tier> tier = ParseTier(word);
    if (!tier) {
      errors.push_back(word + ": no such tier; there are free, standard and premium");
    } else if (!entries.IsObject()) {
      errors.push_back(word + ": not an object of limits");
    } else {
      ApplyTier(word, entries, &(*limits)[static_cast<std::size_t>(*tier) - 1], &errors);
    }
  }
  return errors;
}

}  // namespace shmetrics::audio
