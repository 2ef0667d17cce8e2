#include "agent/config/ini_file.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include "client-lib/audio/config.h"
#include "client-lib/config/segment_settings.h"
#include "shm/segment/segment_header.h"

namespace shmetrics::agent {
namespace {

constexpr std::string_view kUsers = "web.users";
constexpr std::string_view kUsersSection = "[web.users] ";
constexpr std::string_view kSegmentSection = "[segment] ";

/// Reads the keys of one file. The first thing wrong ends it.
class Parser {
 public:
  explicit Parser(const config::IniFile& file) : file_(file) {}

  Result<PartialConfig> Parse() {
    for (const config::IniKey& key : file_.keys) {
      if (file_.bad_line != 0 && file_.bad_line < key.line) break;
      line_ = key.line;
      OnKey(key.section, key.name, key.value);
      if (!error_.empty()) return Error{ErrorCode::kBadOption, error_};
    }
    if (file_.bad_line != 0) return Error{ErrorCode::kBadOption, file_.BadLineError()};
    const Result<void> fit = shm::CheckOptions(config::SegmentOptionsOf(of_workers_));
    if (!fit.ok()) return Error{ErrorCode::kBadOption, file_.path + ": [segment]: " + fit.error().message};
    if (Result<void> meant = CheckSections(); !meant.ok()) return meant.error();
    return std::move(settings_);
  }

 private:
  void OnKey(const std::string& section, const std::string& key, const std::string& value) {
    if (section == audio::kConfigSection) return;
    const std::string name = "[" + section + "] " + key;
    if (!seen_.insert(name).second) {
      error_ = At(name + " was set before; remove one of them").message;
      return;
    }
    if (audio::IsMisspeltSection(section)) {
      error_ = At(name + ": no such section; write [" + std::string(audio::kConfigSection) + "]").message;
      return;
    }
    if (config::IsMisspeltSegmentSection(section)) {
      error_ = At(name + ": no such section; write [segment]").message;
      return;
    }
    const Result<void> set = Set(name, value);
    if (!set.ok()) error_ = At(name + ": " + set.error().message).message;
  }

  /// Refuses sections without a key that look as if something were set. Those with keys were checked by them.
  Result<void> CheckSections() const {
    for (const auto& [name, line] : file_.sections) {
      const auto is_of_it = [section = &name](const config::IniKey& key) { return key.section == *section; };
      if (std::ranges::any_of(file_.keys, is_of_it)) continue;
      if (name == kUsers) {
        return Error{ErrorCode::kBadOption,
                     file_.ErrorAt(line,
                                   "[web.users] has no user, and so nobody would be asked for a password; "
                                   "write NAME = HASH below it, or remove it")};
      }
      if (name != audio::kConfigSection && name != config::kSegmentSection && name != "web" &&
          name != "log") {
        return Error{ErrorCode::kBadOption,
                     file_.ErrorAt(line, "[" + name +
                                             "]: no such section; there are [segment], [web], "
                                             "[web.users], [log] and [Audio-Quota]")};
      }
    }
    return {};
  }

  Result<void> Set(const std::string& name, const std::string& value) {
    if (name.starts_with(kUsersSection)) {
      return AddWebUser(name.substr(kUsersSection.size()), value, &settings_);
    }
    const auto setting = std::ranges::find(AllSettings(), name, &Setting::key);
    if (setting != AllSettings().end()) return setting->Set(value, &settings_);
    // The other keys are for workers. What is wrong with them would stop each worker.
    if (name.starts_with(kSegmentSection)) {
      return config::SetSegmentKey(name.substr(kSegmentSection.size()), value, &of_workers_);
    }
    return Error{ErrorCode::kBadOption,
                 "no such key; there are " + KeysOf(name.substr(0, name.find(' ') + 1))};
  }

  /// The keys of a section, which ends with a blank here; all keys if there is no such section.
  static std::string KeysOf(const std::string& section) {
    const auto is_of_section = [&section](const Setting& setting) {
      return setting.key.starts_with(section);
    };
    const bool is_known = std::ranges::any_of(AllSettings(), is_of_section);
    std::string keys;
    for (const Setting& setting : AllSettings()) {
      if (is_known && !is_of_section(setting)) continue;
      keys += (keys.empty() ? "" : ", ") + std::string(setting.key);
    }
    return keys;
  }

  Error At(const std::string& what) const { return {ErrorCode::kBadOption, file_.ErrorAt(line_, what)}; }

  const config::IniFile& file_;
  int line_ = 0;  ///< of the key at hand
  PartialConfig settings_;
  RegistryOptions of_workers_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace

Result<PartialConfig> ReadIniFile(const config::IniFile& file) {
  if (!file.error.empty()) return Error{ErrorCode::kBadOption, file.error};
  return Parser(file).Parse();
}

}  // namespace shmetrics::agent
