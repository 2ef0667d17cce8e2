#include "client-lib/config/segment_settings.h"

#include <pwd.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "client-lib/config/config_file.h"
#include "client-lib/config/environment.h"
#include "shm/segment/segment_header.h"

namespace shmetrics::config {
namespace {

Error BadValue(const std::string& text, const std::string& expected) {
  return Error{ErrorCode::kBadOption, "'" + text + "' is not " + expected};
}

template <class Number>
std::optional<Number> ParseNumber(const std::string& text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && read == end ? std::optional(number) : std::nullopt;
}

bool IsGiven(const std::string& option) { return !option.empty(); }
template <class T>
bool IsGiven(const std::optional<T>& option) {
  return option.has_value();
}

Result<void> Parse(const std::string& text, std::string* option) {
  if (text.empty()) return BadValue(text, "a text");
  *option = text;
  return {};
}

Result<void> Parse(const std::string& text, std::optional<bool>* option) {
  if (text != "true" && text != "false") return BadValue(text, "true or false");
  *option = text == "true";
  return {};
}

/// A user, by number or by name.
Result<void> Parse(const std::string& text, std::optional<std::int64_t>* option) {
  if (const auto uid = ParseNumber<std::uint32_t>(text); uid && *uid != UINT32_MAX) {
    *option = *uid;
    return {};
  }
  std::array<char, 16'384> memory;
  passwd entry{};
  passwd* user = nullptr;
  const int failed = getpwnam_r(text.c_str(), &entry, memory.data(), memory.size(), &user);
  if (failed != 0) {
    return Error{ErrorCode::kBadOption, "user '" + text + "' could not be looked up: " +
                                            std::strerror(failed) + "; write a number, or try again"};
  }
  if (user == nullptr) return BadValue(text, "a user of this host; write a name or a number");
  *option = user->pw_uid;
  return {};
}

/// Whether the number is in its range is for the segment to say.
template <class Number>
Result<void> Parse(const std::string& text, std::optional<Number>* option) {
  const std::optional<Number> number = ParseNumber<Number>(text);
  if (!number) return BadValue(text, "a whole number that fits; write digits only");
  *option = number;
  return {};
}

template <auto Member>
bool IsMemberGiven(const RegistryOptions& options) {
  return IsGiven(options.*Member);
}

template <auto Member>
Result<void> SetMember(const std::string& text, RegistryOptions* options) {
  RegistryOptions alone;
  if (Result<void> parsed = Parse(text, &(alone.*Member)); !parsed.ok()) return parsed;
  // The limit of a family must fit that of the segment, which may stand elsewhere: so both are checked in the
  // end.
  if (!alone.family_series_limit) {
    if (Result<void> fits = shm::CheckOptions(SegmentOptionsOf(alone)); !fits.ok()) return fits;
  }
  options->*Member = alone.*Member;
  return {};
}

template <auto Member>
constexpr SegmentSetting Row(std::string_view key, const char* variable) {
  return {key, variable, IsMemberGiven<Member>, SetMember<Member>};
}

constexpr SegmentSetting kSettings[] = {
    Row<&RegistryOptions::segment>("path", "SHMETRICS_SEGMENT"),
    Row<&RegistryOptions::worker_name>("worker_name", "SHMETRICS_WORKER_NAME"),
    Row<&RegistryOptions::trusted_owner>("trusted_owner", "SHMETRICS_TRUSTED_OWNER"),
    Row<&RegistryOptions::segment_bytes>("segment_bytes", "SHMETRICS_SEGMENT_BYTES"),
    Row<&RegistryOptions::series_limit>("series_limit", "SHMETRICS_SERIES_LIMIT"),
    Row<&RegistryOptions::family_series_limit>("family_series_limit", "SHMETRICS_FAMILY_SERIES_LIMIT"),
    Row<&RegistryOptions::worker_slots>("worker_slots", "SHMETRICS_WORKER_SLOTS"),
    Row<&RegistryOptions::max_cpu_stripes>("max_cpu_stripes", "SHMETRICS_MAX_CPU_STRIPES"),
    Row<&RegistryOptions::lease_limit>("lease_limit", "SHMETRICS_LEASE_LIMIT"),
    Row<&RegistryOptions::ledger_limit>("ledger_limit", "SHMETRICS_LEDGER_LIMIT"),
    Row<&RegistryOptions::shared_pid_namespaces>("shared_pid_namespaces", "SHMETRICS_SHARED_PID_NAMESPACES"),
    Row<&RegistryOptions::private_decisions>("private_decisions", "SHMETRICS_PRIVATE_DECISIONS"),
};

/// What [segment] of one file says, not yet understood.
class SegmentSection {
 public:
  SegmentSection() = default;
  SegmentSection(const IniFile& file, std::vector<std::string>* errors) : path_(file.path) {
    for (const std::string& error : {file.open_error, file.read_error}) {
      if (!error.empty()) errors->push_back(error);
    }
    if (file.bad_line != 0) errors->push_back(file.BadLineError());
    RegistryOptions ignored;
    std::set<std::string> misspelt;
    for (const IniKey& key : file.keys) {
      if (IsMisspeltSegmentSection(key.section) && misspelt.insert(key.section).second)
        errors->push_back(file.ErrorAt(key.line, "[" + key.section + "] is not read; write [segment]"));
      if (key.section != kSegmentSection) continue;
      const bool is_known =
          std::ranges::find(kSettings, key.name, &SegmentSetting::key) != std::end(kSettings);
      if (!is_known) {
        const Result<void> unknown = SetSegmentKey(key.name, key.value, &ignored);
        errors->push_back(ErrorAt(key, unknown.error().message));
      } else if (!keys_.emplace(key.name, key).second) {
        errors->push_back(ErrorAt(key, "was set before; remove one of them"));
      }
    }
  }

  const IniKey* Find(std::string_view key) const {
    const auto found = keys_.find(std::string(key));
    return found == keys_.end() ? nullptr : &found->second;
  }
  std::string ErrorAt(const IniKey& key, const std::string& what) const {
    return path_ + ": line " + std::to_string(key.line) + ": [segment] " + key.name + ": " + what;
  }

 private:
  std::string path_;
  std::map<std::string, IniKey> keys_;
};

std::string IgnoredVariables() {
  std::string names;
  const auto add = [&names](const char* variable) {
    if (IsIgnored(variable)) names += (names.empty() ? "$" : ", $") + std::string(variable);
  };
  add(kConfigFileVariable);
  for (const SegmentSetting& setting : kSettings) add(setting.variable);
  return names.empty() ? names : names + std::string(kIgnoredBecause);
}

}  // namespace

std::span<const SegmentSetting> SegmentSettings() { return kSettings; }

Result<void> SetSegmentKey(std::string_view key, const std::string& value, RegistryOptions* options) {
  const auto* const setting = std::ranges::find(kSettings, key, &SegmentSetting::key);
  if (setting != std::end(kSettings)) return setting->set(value, options);
  std::string keys;
  for (const SegmentSetting& known : kSettings) {
    keys += (keys.empty() ? "[segment] " : ", [segment] ") + std::string(known.key);
  }
  return Error{ErrorCode::kBadOption, "no such key; there are " + keys};
}

bool IsMisspeltSegmentSection(std::string_view section) {
  const std::string name(section);
  return section != kSegmentSection &&
         (strcasecmp(name.c_str(), "segment") == 0 || strcasecmp(name.c_str(), "segments") == 0);
}

shm::SegmentOptions SegmentOptionsOf(const RegistryOptions& options) {
  shm::SegmentOptions segment;
  segment.bytes = options.segment_bytes.value_or(segment.bytes);
  segment.series_limit = options.series_limit.value_or(segment.series_limit);
  segment.family_series_limit =
      options.family_series_limit.value_or(std::min(segment.family_series_limit, segment.series_limit));
  segment.slot_count = options.worker_slots.value_or(segment.slot_count);
  segment.max_cpu_stripes = options.max_cpu_stripes.value_or(segment.max_cpu_stripes);
  segment.lease_limit = options.lease_limit.value_or(segment.lease_limit);
  segment.ledger_limit = options.ledger_limit.value_or(segment.ledger_limit);
  segment.shared_pid_namespaces = options.shared_pid_namespaces.value_or(segment.shared_pid_namespaces);
  return segment;
}

RegistryOptionsReading ReadRegistryOptions(const RegistryOptions& given) {
  RegistryOptionsReading reading{given, std::nullopt, IgnoredVariables()};
  std::vector<std::string> errors;
  SegmentSection section;
  if (const std::optional<std::string> path = ConfigFile()) section = SegmentSection(ReadIni(*path), &errors);
  for (const SegmentSetting& setting : kSettings) {
    if (setting.is_given(given)) continue;
    const std::string variable(Environment(setting.variable));
    const IniKey* const key = section.Find(setting.key);
    if (!variable.empty()) {
      const Result<void> set = setting.set(variable, &reading.options);
      if (!set.ok()) errors.push_back("$" + std::string(setting.variable) + ": " + set.error().message);
    } else if (key != nullptr) {
      const Result<void> set = setting.set(key->value, &reading.options);
      if (!set.ok()) errors.push_back(section.ErrorAt(*key, set.error().message));
    }
  }
  if (errors.empty()) return reading;
  std::string message = "options refused: ";
  for (const std::string& error : errors) message += (&error == errors.data() ? "" : "; ") + error;
  // Values of the environment may hold line ends.
  std::ranges::replace_if(
      message, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, ' ');
  reading.error = Error{ErrorCode::kBadOption, std::move(message)};
  return reading;
}

}  // namespace shmetrics::config
