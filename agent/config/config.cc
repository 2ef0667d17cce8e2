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
#include "shm/segment/segment_path.h"

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

/// The settings whose variables the workers read too: agent and workers must look for one segment.
Result<PartialConfig> ReadEnvironment() {
  PartialConfig settings;
  for (const config::SegmentSetting& shared : config::SegmentSettings()) {
    const std::string key = "[" + std::string(config::kSegmentSection) + "] " + std::string(shared.key);
    const auto setting = std::ranges::find(AllSettings(), key, &Setting::key);
    const std::string value(config::Environment(shared.variable));
    if (setting == AllSettings().end() || value.empty()) continue;
    const Result<void> set = setting->Set(value, &settings);
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
  const Result<PartialConfig> environment = ReadEnvironment();
  if (!environment.ok()) return environment.error();
  settings.FillFrom(environment.value());
  std::optional<config::IniFile> ini;
  if (path) {
    ini = config::ReadIni(*path);
    const Result<PartialConfig> file = ReadIniFile(*ini);
    if (!file.ok()) return file.error();
    settings.FillFrom(file.value());
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
  config.audio = std::move(audio.config);
  config.warnings.insert(config.warnings.end(), audio.environment_errors.begin(),
                         audio.environment_errors.end());
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
