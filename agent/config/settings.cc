#include "agent/config/settings.h"

#include "agent/config/setting_parsers.h"
#include "agent/http/basic_auth.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::agent {
namespace {

/// The member of `object` that a path of members leads to.
template <auto First, auto... Rest>
constexpr auto& At(auto& object) {
  if constexpr (sizeof...(Rest) == 0) {
    return object.*First;
  } else {
    return At<Rest...>(object.*First);
  }
}

/// The member of Config at the end of Path, and its parser.
template <auto Parse, auto... Path>
constexpr Setting::Member kMember = {
    [](const Setting& setting, const std::string& text, Config* config) {
      return Parse(setting, text, &At<Path...>(*config));
    },
    [](const Config& from, Config* to) { At<Path...>(*to) = At<Path...>(from); },
    [](const Config& running, const Config& next) { return At<Path...>(running) != At<Path...>(next); },
};

/// Both TLS files are one member. A reload can exchange the files, but it cannot turn TLS on or off.
template <auto Parse>
constexpr Setting::Member kTlsMember = {
    [](const Setting& setting, const std::string& text, Config* config) {
      return Parse(setting, text, &config->http_policy.tls);
    },
    [](const Config& from, Config* to) { to->http_policy.tls = from.http_policy.tls; },
    [](const Config& running, const Config& next) {
      return running.http_policy.tls.has_value() != next.http_policy.tls.has_value();
    },
};

using Kind = Setting::Kind;

constexpr Setting kSettings[] = {
    {.key = "[segment] path",
     .flag = "--segment.path",
     .value = "PATH",
     .find_default = shm::DefaultSegmentPath,
     .default_in_words = "$SHMETRICS_SEGMENT, else /run/shmetrics/default.v1 if there is that folder, else "
                         "/dev/shm/shmetrics-UID/default.v1",
     .help = "Segment to read",
     .expected = "the path of a segment",
     .needs_restart = true,
     .member = kMember<ParseSegmentPath, &Config::segment_path>},
    {.key = "[segment] trusted_owner",
     .flag = "--segment.trusted-owner",
     .value = "USER",
     .default_in_words = "$SHMETRICS_TRUSTED_OWNER, else nobody",
     .help = "User, besides this one, root and the folder's owner, who may own the segment",
     .expected = "a user of this host; write a name or a number",
     .needs_restart = true,
     .member = kMember<ParseUser, &Config::trusted_owner>},
    {.key = "[web] listen_address",
     .flag = "--web.listen-address",
     .value = "ADDRESS",
     .default_in_words = kDefaultListenAddress,
     .help = "HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH to serve on; may be said again",
     .expected = "an address; write HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH",
     .kind = Kind::kSeveral,
     .needs_restart = true,
     .member = kMember<ParseListenAddresses, &Config::listen_addresses>},
    {.key = "[web] telemetry_path",
     .flag = "--web.telemetry-path",
     .value = "PATH",
     .default_value = "/metrics",
     .help = "Path of the metrics",
     .expected = "a path for metrics; write one like /metrics that is not below /api/, /-/ or /page/",
     .needs_restart = true,
     .member = kMember<ParseTelemetryPath, &Config::telemetry_path>},
    {.key = "[web] disable_exporter_metrics",
     .flag = "--web.disable-exporter-metrics",
     .default_value = "false",
     .help = "Leave out the metrics of the agent's own process and of its HTTP answers",
     .expected = "true or false",
     .kind = Kind::kSwitch,
     .needs_restart = true,
     .member = kMember<ParseSwitch, &Config::disable_exporter_metrics>},
    {.key = "[web] openmetrics_created",
     .flag = "--web.openmetrics-created",
     .default_value = "false",
     .help = "In OpenMetrics say when each counter and histogram began (_created)",
     .expected = "true or false",
     .kind = Kind::kSwitch,
     .needs_restart = true,
     .member = kMember<ParseSwitch, &Config::openmetrics_created>},
    {.key = "[web] tls_certificate",
     .default_in_words = "none, and plain HTTP",
     .help = "PEM file of the certificate for HTTPS, followed by its chain",
     .expected = "a file with a certificate in PEM",
     .needs_restart = true,
     .member = kTlsMember<ParseTlsCertificate>},
    {.key = "[web] tls_key",
     .default_in_words = "none, and plain HTTP",
     .help = "PEM file of the private key for HTTPS",
     .expected = "a file with a private key in PEM",
     .member = kTlsMember<ParseTlsKey>},
    {.key = "[web] allowed_hosts",
     .flag = "--web.allowed-host",
     .variable = "SHMETRICS_ALLOWED_HOSTS",
     .value = "NAME",
     .default_in_words = "$SHMETRICS_ALLOWED_HOSTS, else none",
     .help = "NAME or NAME:PORT that a request may call this host, * for any; may be said again",
     .expected = "a list of hosts; write NAME or NAME:PORT, divided by commas, or * for any",
     .kind = Kind::kSeveral,
     .member = kMember<ParseHosts, &Config::http_policy, &HttpPolicy::allowed_hosts>},
    {.key = "[web] max_connections",
     .default_value = "64",
     .help = "Connections to each listen address at a time",
     .expected = "a number of connections",
     .range = Setting::Range{1, 1024},
     .needs_restart = true,
     .member = kMember<ParseCount, &Config::http_limits, &HttpLimits::max_connections>},
    {.key = "[web] request_deadline_seconds",
     .default_value = "30",
     .help = "Seconds in which a request must arrive, and again in which it must be answered",
     .expected = "a number of seconds",
     .range = Setting::Range{1, 3600},
     .needs_restart = true,
     .member = kMember<ParseSeconds, &Config::http_limits, &HttpLimits::deadline>},
    {.key = "[web] max_response_bytes_in_flight",
     .default_value = "268435456",
     .help = "Bytes of answers that clients have not taken yet; requests beyond get a 503",
     .expected = "a number of bytes",
     .range = Setting::Range{1'048'576, 4'294'967'295},
     .member = kMember<ParseCount, &Config::max_response_bytes_in_flight>},
    {.key = "[log] level",
     .flag = "--log.level",
     .value = "LEVEL",
     .default_value = "info",
     .help = "debug, info, warn or error",
     .expected = "a log level; write debug, info, warn or error",
     .member = kMember<ParseLevel, &Config::log_level>},
    {.key = "[log] format",
     .flag = "--log.format",
     .value = "FORMAT",
     .default_value = "logfmt",
     .help = "logfmt or json",
     .expected = "a log format; write logfmt or json",
     .member = kMember<ParseFormat, &Config::log_format>},
};

}  // namespace

std::string Setting::Range::ToString() const { return std::to_string(least) + " to " + std::to_string(most); }

Result<void> Setting::Set(const std::string& text, PartialConfig* config) const {
  Result<void> parsed = member.parse(*this, text, &config->values);
  if (parsed.ok()) config->keys.insert(key);
  return parsed;
}

std::string Setting::HelpText() const {
  if (kind == Kind::kSwitch) return std::string(help);
  const std::string usual(default_value.empty() ? default_in_words : default_value);
  return std::string(help) + (range ? ", " + range->ToString() : "") + " (default: " + usual + ")";
}

std::span<const Setting> AllSettings() { return kSettings; }

PartialConfig DefaultSettings() {
  PartialConfig defaults;
  for (const Setting& setting : kSettings) {
    std::string value(setting.default_value);
    if (setting.find_default != nullptr) value = setting.find_default();
    // A test sets every default, so none fails here.
    if (!value.empty()) static_cast<void>(setting.Set(value, &defaults));
  }
  return defaults;
}

Result<void> AddWebUser(const std::string& name, const std::string& bcrypt_hash, PartialConfig* config) {
  if (name.empty()) return Error{ErrorCode::kBadOption, "a user needs a name"};
  if (!IsBcryptHash(bcrypt_hash)) {
    return Error{ErrorCode::kBadOption,
                 "not a bcrypt hash of a cost of 4 to 14; write the $2y$... that htpasswd -nB prints"};
  }
  config->values.http_policy.users.push_back({name, bcrypt_hash});
  return {};
}

}  // namespace shmetrics::agent
