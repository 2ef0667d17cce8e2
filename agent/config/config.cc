#include "agent/config/config.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "agent/config/ini_file.h"
#include "agent/config/settings.h"
#include "agent/http/tls_credentials.h"
#include "client-lib/config/config_file.h"
#include "client-lib/config/environment.h"
#include "client-lib/config/ini_reader.h"
#include "client-lib/config/segment_settings.h"
#include "shm/segment/segment_header.h"

namespace shmetrics::agent {
namespace {

Error InFile(const std::string& file, const std::string& what) {
  return {ErrorCode::kBadOption, file + ": " + what};
}

/// Refuses one TLS file without the other, and files that the TLS library cannot use.
Result<void> CheckTls(const PartialConfig& settings, const std::string& file) {
  const bool has_certificate = settings.Gives("[web] tls_certificate");
  const bool has_key = settings.Gives("[web] tls_key");
  if (has_certificate && has_key) {
    const auto usable = TlsCredentials::Load(*settings.values.http_policy.tls);
    if (!usable.ok()) return InFile(file, "[web] tls_certificate, tls_key: " + usable.error().message);
  } else if (has_certificate) {
    return InFile(file, "[web] tls_key: missing; tls_certificate is of no use alone");
  } else if (has_key) {
    return InFile(file, "[web] tls_certificate: missing; tls_key is of no use alone");
  }
  return {};
}

/// The variables that the workers read too. Agent and workers must look for one segment, and what is wrong
/// with the other variables would stop each worker.
Result<PartialConfig> ReadEnvironment(RegistryOptions* of_workers) {
  PartialConfig settings;
  for (const config::SegmentSetting& shared : config::SegmentSettings()) {
    const std::string key = "[" + std::string(config::kSegmentSection) + "] " + std::string(shared.key);
    if (config::IsIgnored(shared.variable)) {
      return Error{ErrorCode::kBadOption,
                   "$" + std::string(shared.variable) + std::string(config::kIgnoredBecause)};
    }
    const auto setting = std::ranges::find(AllSettings(), key, &Setting::key);
    const std::string value(config::Environment(shared.variable));
    if (value.empty()) continue;
    Result<void> set = shared.set(value, of_workers);
    if (set.ok() && setting != AllSettings().end()) set = setting->Set(value, &settings);
    if (!set.ok())
      return Error{ErrorCode::kBadOption, "$" + std::string(shared.variable) + ": " + set.error().message};
  }
  return settings;
}

/// Adds the settings whose variables only the agent reads.
Result<void> ReadOwnEnvironment(PartialConfig* settings) {
  for (const Setting& setting : AllSettings()) {
    if (setting.variable == nullptr) continue;
    const std::string name = "$" + std::string(setting.variable);
    if (config::IsIgnored(setting.variable)) {
      return Error{ErrorCode::kBadOption, name + std::string(config::kIgnoredBecause)};
    }
    const std::string value(config::Environment(setting.variable));
    if (value.empty()) continue;
    const Result<void> set = setting.Set(value, settings);
    if (!set.ok()) return Error{ErrorCode::kBadOption, name + ": " + set.error().message};
  }
  return {};
}

/// Checks what the workers make of their options, which may stand in the environment or in the file.
Result<void> CheckTogether(const RegistryOptions& of_environment, const config::IniFile& file) {
  RegistryOptions options = of_environment;
  for (const config::IniKey& key : file.keys) {
    const auto settings = config::SegmentSettings();
    const auto setting = std::ranges::find(settings, key.name, &config::SegmentSetting::key);
    if (key.section != config::kSegmentSection || setting == settings.end()) continue;
    if (setting->is_given(of_environment)) continue;  // the environment wins
    if (Result<void> set = setting->set(key.value, &options); !set.ok()) return set;
  }
  Result<void> fit = shm::CheckOptions(config::SegmentOptionsOf(options));
  if (!fit.ok()) return InFile(file.path, "[segment] with the environment: " + fit.error().message);
  return fit;
}

bool IsReadableByAll(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace

void PartialConfig::FillFrom(const PartialConfig& other) {
  for (const Setting& setting : AllSettings()) {
    if (Gives(setting.key) || !other.Gives(setting.key)) continue;
    setting.member.copy(other.values, &values);
    keys.insert(setting.key);
  }
  // The users are no row of the table: each has a key of their own.
  if (values.http_policy.users.empty()) values.http_policy.users = other.values.http_policy.users;
}

Result<Config> ReadConfig(const std::optional<std::string>& config_file, const PartialConfig& flags) {
  const std::optional<std::string> path = config_file ? config_file : config::ConfigFile();
  PartialConfig settings = flags;
  PartialConfig own_environment;
  if (Result<void> own = ReadOwnEnvironment(&own_environment); !own.ok()) return own.error();
  settings.FillFrom(own_environment);
  RegistryOptions of_workers;
  const Result<PartialConfig> environment = ReadEnvironment(&of_workers);
  if (!environment.ok()) return environment.error();
  settings.FillFrom(environment.value());
  std::optional<config::IniFile> ini;
  if (path) {
    ini = config::ReadIni(*path);
    const Result<PartialConfig> file = ReadIniFile(*ini);
    if (!file.ok()) return file.error();
    settings.FillFrom(file.value());
    if (Result<void> fit = CheckTogether(of_workers, *ini); !fit.ok()) return fit.error();
  }
  settings.FillFrom(DefaultSettings());
  const Result<void> tls = CheckTls(settings, path.value_or(""));
  if (!tls.ok()) return tls.error();

  Config config = std::move(settings.values);
  if (path && !config.http_policy.users.empty() && IsReadableByAll(*path)) {
    config.warnings.push_back(
        *path + ": [web.users]: every user of this host can read the password hashes; chmod o= prevents it");
  }
  audio::AudioConfigReading audio = audio::ReadAudioConfig(ini ? &*ini : nullptr);
  if (!audio.file_errors.empty()) return Error{ErrorCode::kBadOption, audio.file_errors.front()};
  // The agent would show other limits than those that the operator meant, and the workers hold to others still.
  if (!audio.environment_errors.empty()) {
    return Error{ErrorCode::kBadOption, "$" + audio.environment_errors.front()};
  }
  config.audio = std::move(audio.config);
  if (ini) config.file = SourceFile{*path, ini->keys.empty(), ini->ends_within_a_line};
  return config;
}

std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next) {
  std::vector<std::string> keys;
  for (const Setting& setting : AllSettings()) {
    if (setting.needs_restart && setting.member.differs(running, next)) keys.emplace_back(setting.key);
  }
  if (running.audio.state_file != next.audio.state_file) keys.emplace_back("[Audio-Quota] state_file");
  return keys;
}

Config WithoutKeysThatNeedRestart(const Config& running, Config next) {
  for (const Setting& setting : AllSettings()) {
    if (setting.needs_restart && setting.member.differs(running, next)) {
      setting.member.copy(running, &next);
    }
  }
  next.audio.state_file = running.audio.state_file;
  return next;
}

}  // namespace shmetrics::agent
