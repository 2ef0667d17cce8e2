#include "agent/config/config.h"

#include <sys/stat.h>

#include <optional>
#include <utility>

#include "agent/config/ini_file.h"
#include "agent/config/settings.h"
#include "agent/http/tls_credentials.h"
#include "client-lib/audio/ini_reader.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::agent {
namespace {

Error OfFile(const std::string& file, const std::string& what) {
  return {ErrorCode::kBadOption, file + ": " + what};
}

/// Of TLS either both files or none.
Result<std::optional<TlsFiles>> TlsOf(const Settings& settings, const std::string& file) {
  if (settings.tls_certificate && settings.tls_key) {
    const TlsFiles files{*settings.tls_certificate, *settings.tls_key};
    const auto usable = TlsCredentials::Load(files);
    if (!usable.ok()) return OfFile(file, "[web] tls_certificate, tls_key: " + usable.error().message);
    return std::optional(files);
  }
  if (settings.tls_certificate)
    return OfFile(file, "[web] tls_key: missing; tls_certificate is of no use alone");
  if (settings.tls_key) return OfFile(file, "[web] tls_certificate: missing; tls_key is of no use alone");
  return std::optional<TlsFiles>();
}

bool IsReadableByAll(const std::string& file) {
  struct stat status {};
  return stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

/// `file` is where the settings that no flag has come from.
Result<Config> Resolve(const Settings& settings, const std::string& file) {
  Config config;
  config.segment_path = settings.segment_path ? *settings.segment_path : shm::DefaultSegmentPath();
  config.trusted_owner = settings.trusted_owner.value_or(config.trusted_owner);
  config.listen_addresses = settings.listen_addresses;
  config.telemetry_path = settings.telemetry_path.value_or(config.telemetry_path);
  config.disable_exporter_metrics = settings.disable_exporter_metrics.value_or(false);
  config.openmetrics_created = settings.openmetrics_created.value_or(false);
  config.http_limits.max_connections = settings.max_connections.value_or(config.http_limits.max_connections);
  if (settings.request_deadline) config.http_limits.deadline = *settings.request_deadline;
  const Result<std::optional<TlsFiles>> tls = TlsOf(settings, file);
  if (!tls.ok()) return tls.error();
  config.http_policy.tls = tls.value();
  config.http_policy.users = settings.users;
  if (settings.allowed_hosts) config.http_policy.allowed_hosts = *settings.allowed_hosts;
  config.log_level = settings.log_level.value_or(config.log_level);
  config.log_format = settings.log_format.value_or(config.log_format);
  if (!settings.users.empty() && IsReadableByAll(file)) {
    config.warnings.push_back(
        file + ": [web.users]: every user of this host can read it; chmod o= keeps the hashes");
  }
  return config;
}

}  // namespace

Result<Config> ReadConfig(const Options& options) {
  const std::optional<std::string> file = options.config_file ? options.config_file : audio::ConfigFile();
  Settings settings = options.settings;
  std::optional<audio::IniFile> ini;
  if (file) {
    ini = audio::ReadIni(*file);
    const Result<Settings> read = ReadIniFile(*ini);
    if (!read.ok()) return read.error();
    settings.FillFrom(read.value());
  }
  Result<Config> config = Resolve(settings, file.value_or(""));
  if (!config.ok()) return config;
  audio::AudioConfigReading audio = audio::ReadAudioConfig(ini ? &*ini : nullptr);
  if (!audio.file_errors.empty()) return Error{ErrorCode::kBadOption, audio.file_errors.front()};
  config->audio = std::move(audio.config);
  config->warnings.insert(config->warnings.end(), audio.environment_errors.begin(),
                          audio.environment_errors.end());
  return config;
}

std::vector<std::string> KeysThatNeedRestart(const Config& running, const Config& next) {
  std::vector<std::string> keys;
  const auto add_if = [&keys](bool differs, const char* key) {
    if (differs) keys.emplace_back(key);
  };
  add_if(running.segment_path != next.segment_path, "[segment] path");
  add_if(running.trusted_owner != next.trusted_owner, "[segment] trusted_owner");
  add_if(running.listen_addresses != next.listen_addresses, "[web] listen_address");
  add_if(running.telemetry_path != next.telemetry_path, "[web] telemetry_path");
  add_if(running.disable_exporter_metrics != next.disable_exporter_metrics, "[web] disable_exporter_metrics");
  add_if(running.openmetrics_created != next.openmetrics_created, "[web] openmetrics_created");
  add_if(running.http_limits.max_connections != next.http_limits.max_connections, "[web] max_connections");
  add_if(running.http_limits.deadline != next.http_limits.deadline, "[web] request_deadline_seconds");
  add_if(running.http_policy.tls.has_value() != next.http_policy.tls.has_value(), "[web] tls_certificate");
  add_if(running.audio.state_file != next.audio.state_file, "[Audio-Quota] state_file");
  return keys;
}

}  // namespace shmetrics::agent
