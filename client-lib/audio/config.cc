#include "client-lib/audio/config.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <set>
#include <system_error>
#include <utility>

#include "client-lib/audio/limit.h"
#include "client-lib/audio/tier_json.h"
#include "client-lib/audio/user_label.h"
#include "client-lib/config/config_file.h"
#include "client-lib/config/environment.h"
#include "shm/base/trim.h"
#include "shm/series/label_block.h"

namespace shmetrics::audio {
namespace {

using config::Environment;
using config::IniFile;
using config::IniKey;
using config::ReadIni;

constexpr std::int64_t kMinTtlSeconds = 30;
constexpr std::int64_t kMaxTtlSeconds = 3600;
constexpr std::size_t kMinHashKeyBytes = 16;
constexpr std::array<std::string_view, 3> kTierNames = {"free", "standard", "premium"};

/// False if `text` is not a whole number. A number too large for an int64 counts as beyond the range.
bool SetTtl(std::string_view text, std::chrono::seconds* ttl) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) number = text.front() == '-' ? kMinTtlSeconds : kMaxTtlSeconds;
  *ttl = std::chrono::seconds(std::clamp(number, kMinTtlSeconds, kMaxTtlSeconds));
  return true;
}

/// Reads the keys of one file.
class Parser {
 public:
  Parser(const IniFile& file, AudioConfigReading* out)
      : file_(file), config_(out->config), errors_(out->file_errors) {}

  void Parse() {
    for (const IniKey& key : file_.keys) {
      line_ = key.line;
      if (key.section == kConfigSection) {
        OnKey(key.name, key.value);
      } else if (IsMisspeltSection(key.section)) {
        Complain(key.section);
      }
    }
    if (file_.bad_line != 0) errors_.push_back(file_.BadLineError());
    CheckHashKey();
  }

 private:
  /// Complains once of each misspelt name, at its first key, because inih does not report sections.
  void Complain(const std::string& section) {
    config_.hash_user_id = true;  // as in SetHashing(): the section may be about hashing
    if (!misspelt_.insert(section).second) return;
    At(line_, "[" + section + "] is not read; write [" + std::string(kConfigSection) + "]");
  }

  void OnKey(const std::string& key, const std::string& value) {
    if (!seen_.insert(key).second) {
      if (key.starts_with("hash_user_id")) config_.hash_user_id = true;  // as in SetHashing()
      return AtKey(key, "was set before; remove one of them");
    }
    if (key == "hash_user_id_key") {
      config_.hash_user_id_key = value;
      hash_key_line_ = line_;
      return;
    }
    const std::optional<std::string> expected = Set(key, value);
    if (!expected) return;
    // Somebody may have written the key of hashing here by mistake, and errors are logged.
    AtKey(key, (key == "hash_user_id" ? "its value" : "'" + value + "'") + " is not " + *expected);
  }

  /// Returns what the value should have been, if it is wrong.
  std::optional<std::string> Set(const std::string& key, const std::string& value) {
    // A key of the replaced system, whose files must still work: a stream went on for so long while a
    // database was down.
    if (key == "failopen_cap_minutes") return std::nullopt;
    if (key == "stream_ttl_seconds") return Unless(SetTtl(value, &config_.stream_ttl), "a number of seconds");
    if (key == "job_ttl_seconds") return Unless(SetTtl(value, &config_.job_ttl), "a number of seconds");
    if (key == "hash_user_id") return Unless(SetHashing(value), "true or false; until it is, ids are hashed");
    if (key == "state_file") return Unless(SetStateFile(value), "the absolute path of a file");
    if (key == "models") return Unless(SetModels(value), "a list of names in UTF-8 with commas between them");
    const std::size_t underscore = key.find('_');
    const std::optional<Tier> tier = ParseTier(key.substr(0, underscore));
    const std::string limit = underscore == std::string::npos ? "" : key.substr(underscore + 1);
    if (tier && IsLimitKey(limit)) {
      Limits& limits = config_.limits[static_cast<std::size_t>(*tier) - 1];
      return Unless(SetLimitText(limit, value, &limits), kLimitForm);
    }
    AtKey(key,
          "no such key; there are stream_ttl_seconds, job_ttl_seconds, hash_user_id, hash_user_id_key, "
          "state_file, models, and for each of free, standard and premium {tier}_daily_minutes, "
          "{tier}_concurrent_streams, {tier}_concurrent_jobs and {tier}_max_file_size_mb");
    return std::nullopt;
  }

  static std::optional<std::string> Unless(bool is_set, std::string_view expected) {
    return is_set ? std::nullopt : std::optional<std::string>(expected);
  }

  /// Everything but `false` switches hashing on: a slip must not disclose who the users are.
  bool SetHashing(const std::string& value) {
    config_.hash_user_id = strcasecmp(value.c_str(), "false") != 0;
    return !config_.hash_user_id || strcasecmp(value.c_str(), "true") == 0;
  }

  bool SetStateFile(const std::string& value) {
    if (!value.starts_with('/') || value.ends_with('/')) return false;
    config_.state_file = value;
    return true;
  }

  bool SetModels(std::string_view list) {
    if (!shm::IsValidUtf8(list)) return false;
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view model = shm::Trim(list.substr(0, comma));
      list.remove_prefix(std::min(comma + 1, list.size()));
      if (!model.empty() && std::ranges::find(config_.models, model) == config_.models.end()) {
        config_.models.emplace_back(model);
      }
    }
    return true;
  }

  void CheckHashKey() {
    if (!config_.hash_user_id || config_.hash_user_id_key.size() >= kMinHashKeyBytes) return;
    config_.hash_user_id_key.clear();
    const std::string where = hash_key_line_ == 0 ? ": " : ": line " + std::to_string(hash_key_line_) + ": ";
    errors_.push_back(file_.path + where + "[" + std::string(kConfigSection) +
                      "] hash_user_id_key: hash_user_id needs a key of at least " +
                      std::to_string(kMinHashKeyBytes) + " bytes");
  }

  void AtKey(const std::string& key, const std::string& what) {
    At(line_, "[" + std::string(kConfigSection) + "] " + key + ": " + what);
  }
  void At(int line, const std::string& what) { errors_.push_back(file_.ErrorAt(line, what)); }

  const IniFile& file_;
  AudioConfig& config_;
  std::vector<std::string>& errors_;
  int line_ = 0;  ///< of the key at hand
  int hash_key_line_ = 0;
  std::set<std::string> seen_;
  std::set<std::string> misspelt_;
};

void ReadFile(const IniFile& file, AudioConfigReading* out) {
  if (file.error.empty()) {
    Parser(file, out).Parse();
    out->file = file.path;
    return;
  }
  // As in SetHashing(): the file may say so. Also if it is absent, because somebody has named it, and so has
  // configured something.
  out->config.hash_user_id = true;
  out->file_errors.push_back(file.error);
}

void ReadTtl(const char* variable, std::chrono::seconds* ttl, std::vector<std::string>* errors) {
  const std::string_view value = Environment(variable);
  // Trimmed, because inih trims the values of the file too.
  if (value.empty() || SetTtl(shm::Trim(value), ttl)) return;
  errors->push_back(std::string(variable) + ": '" + std::string(value) + "' is not a number of seconds");
}

void ReadEnvironment(AudioConfigReading* out) {
  for (const char* variable : {config::kConfigFileVariable, "AUDIO_STREAM_TTL_SECONDS",
                               "AUDIO_JOB_TTL_SECONDS", "AUDIO_TIER_LIMITS_JSON"}) {
    if (!config::IsIgnored(variable)) continue;
    out->environment_errors.push_back(variable + std::string(config::kIgnoredBecause));
  }
  ReadTtl("AUDIO_STREAM_TTL_SECONDS", &out->config.stream_ttl, &out->environment_errors);
  ReadTtl("AUDIO_JOB_TTL_SECONDS", &out->config.job_ttl, &out->environment_errors);
  const std::string_view tiers = Environment("AUDIO_TIER_LIMITS_JSON");
  if (tiers.empty()) return;
  for (const std::string& error : ApplyTierJson(tiers, &out->config.limits)) {
    out->environment_errors.push_back("AUDIO_TIER_LIMITS_JSON: " + error);
  }
}

/// Replaces line ends and other control characters, which values of the environment and names in its JSON may
/// contain.
void MakeOneLine(std::string* text) {
  for (char& c : *text) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
}

}  // namespace

std::string AudioConfig::UserLabelOf(std::string_view user_id) const {
  if (!hash_user_id) return std::string(user_id);
  return hash_user_id_key.empty() ? std::string() : HashedUserLabel(hash_user_id_key, user_id);
}

bool AudioConfig::IsUserLabel(std::string_view label) const {
  return !hash_user_id || IsHashedUserLabel(label);
}

std::string_view TierName(Tier tier) {
  const std::size_t index = static_cast<std::size_t>(tier) - 1;
  return index < kTierNames.size() ? kTierNames[index] : std::string_view{};
}

std::optional<Tier> ToTier(std::uint32_t number) {
  if (number < 1 || number > kTierNames.size()) return std::nullopt;
  return static_cast<Tier>(number);
}

std::optional<Tier> ParseTier(std::string_view name) {
  const auto found = std::ranges::find(kTierNames, name);
  if (found == kTierNames.end()) return std::nullopt;
  return static_cast<Tier>(found - kTierNames.begin() + 1);
}

bool IsMisspeltSection(std::string_view name) {
  const auto letters = [](std::string_view text) {
    std::string kept;
    for (const char c : text) {
      if (c != '-' && c != '_' && c != ' ' && c != '\t') kept += c;
    }
    return kept;
  };
  return name != kConfigSection && strcasecmp(letters(name).c_str(), letters(kConfigSection).c_str()) == 0;
}

AudioConfigReading ReadAudioConfig(const std::optional<std::string>& path) {
  if (!path) return ReadAudioConfig(nullptr);
  const IniFile file = ReadIni(*path);
  return ReadAudioConfig(&file);
}

AudioConfigReading ReadAudioConfig(const IniFile* file) {
  AudioConfigReading reading;
  if (file != nullptr) ReadFile(*file, &reading);
  ReadEnvironment(&reading);
  for (std::string& error : reading.file_errors) MakeOneLine(&error);
  for (std::string& error : reading.environment_errors) MakeOneLine(&error);
  return reading;
}

}  // namespace shmetrics::audio
