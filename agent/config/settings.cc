#include "agent/config/settings.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/http/basic_auth.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::agent {
namespace {

std::string ToString(const Setting::Range& range) {
  return std::to_string(range.least) + " to " + std::to_string(range.most);
}

Error BadValue(const Setting& setting, const std::string& text) {
  std::string expected(setting.expected);
  if (setting.range) expected += ", " + ToString(*setting.range);
  return {ErrorCode::kBadOption, "'" + text + "' is not " + expected};
}

/// The parts between commas, without the blanks around them.
std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::size_t first = text.find_first_not_of(" \t", begin);
    const std::size_t last = text.find_last_not_of(" \t", end == 0 ? 0 : end - 1);
    parts.push_back(first >= end || last < first ? std::string() : text.substr(first, last - first + 1));
    begin = end + 1;
  }
  return parts;
}

template <class Number>
std::optional<Number> ParseNumber(std::string_view text, Number least, Number most) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number < least || number > most ? std::nullopt : std::optional(number);
}

// The parsers. Each stores the value that `text` names, or fails with the error that the row describes.

Result<void> ParseSegmentPath(const Setting& setting, const std::string& text, std::string* path) {
  if (text.empty()) return BadValue(setting, text);
  *path = text;
  return {};
}

Result<void> ParseUser(const Setting& setting, const std::string& text, uid_t* uid) {
  if (const auto number = ParseNumber<uid_t>(text, 0, static_cast<uid_t>(-2))) {
    *uid = *number;
    return {};
  }
  const passwd* const user = getpwnam(text.c_str());
  if (user == nullptr) return BadValue(setting, text);
  *uid = user->pw_uid;
  return {};
}

Result<void> ParseListenAddresses(const Setting& setting, const std::string& text,
                                  std::vector<ListenAddress>* addresses) {
  for (const std::string& part : Split(text)) {
    const std::optional<ListenAddress> address = ParseListenAddress(part);
    if (!address) return BadValue(setting, part);
    // Each port 0 is another free port.
    if (address->port != 0 && std::ranges::find(*addresses, *address) != addresses->end()) {
      return Error{ErrorCode::kBadOption, "'" + part + "' is said twice"};
    }
    addresses->push_back(*address);
  }
  return {};
}

Result<void> ParseTelemetryPath(const Setting& setting, const std::string& text, std::string* path) {
  const bool is_plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
  });
  const auto is_taken = [&text](std::string_view prefix) { return text.starts_with(prefix); };
  constexpr std::array<std::string_view, 3> kTaken = {"/api/", "/-/", "/page/"};
  if (!text.starts_with('/') || text == "/" || !is_plain || std::ranges::any_of(kTaken, is_taken)) {
    return BadValue(setting, text);
  }
  *path = text;
  return {};
}

Result<void> ParseSwitch(const Setting& setting, const std::string& text, bool* is_on) {
  if (text != "true" && text != "false") return BadValue(setting, text);
  *is_on = text == "true";
  return {};
}

/// `mark` tells one kind of PEM from another. Only the TLS library can say whether it can use the file.
Result<void> CheckPem(const Setting& setting, const std::string& path, std::string_view mark) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::kBadOption, "'" + path + "' could not be opened"};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.find(mark) == std::string::npos) return BadValue(setting, path);
  return {};
}

Result<void> ParseTlsCertificate(const Setting& setting, const std::string& text,
                                 std::optional<TlsFiles>* files) {
  if (!*files) files->emplace();
  (*files)->certificate = text;
  return CheckPem(setting, text, "-----BEGIN CERTIFICATE-----");
}

Result<void> ParseTlsKey(const Setting& setting, const std::string& text, std::optional<TlsFiles>* files) {
  if (!*files) files->emplace();
  (*files)->key = text;
  return CheckPem(setting, text, "PRIVATE KEY-----");
}

Result<void> ParseHosts(const Setting& setting, const std::string& text, std::vector<std::string>* hosts) {
  std::vector<std::string> parts = Split(text);
  const auto is_bad = [](const std::string& host) {
    return host.empty() || host.find_first_of("/ \t@") != std::string::npos;
  };
  if (std::ranges::any_of(parts, is_bad)) return BadValue(setting, text);
  *hosts = std::move(parts);
  return {};
}

Result<void> ParseCount(const Setting& setting, const std::string& text, unsigned* count) {
  const auto number = ParseNumber<unsigned>(text, setting.range->least, setting.range->most);
  if (!number) return BadValue(setting, text);
  *count = *number;
  return {};
}

Result<void> ParseSeconds(const Setting& setting, const std::string& text, std::chrono::milliseconds* time) {
  unsigned seconds = 0;
  const Result<void> parsed = ParseCount(setting, text, &seconds);
  if (parsed.ok()) *time = std::chrono::seconds(seconds);
  return parsed;
}

Result<void> ParseLevel(const Setting& setting, const std::string& text, LogLevel* level) {
  const std::optional<LogLevel> parsed = ParseLogLevel(text);
  if (!parsed) return BadValue(setting, text);
  *level = *parsed;
  return {};
}

Result<void> ParseFormat(const Setting& setting, const std::string& text, LogFormat* format) {
  const std::optional<LogFormat> parsed = ParseLogFormat(text);
  if (!parsed) return BadValue(setting, text);
  *format = *parsed;
  return {};
}

/// The member that kAccess finds in a Config.
template <auto kAccess, auto kParse>
constexpr Setting::Member kMember = {
    [](const Setting& setting, const std::string& text, Config* config) {
      return kParse(setting, text, &kAccess(*config));
    },
    [](const Config& from, Config* to) { kAccess(*to) = kAccess(from); },
    [](const Config& running, const Config& next) { return kAccess(running) != kAccess(next); },
};

/// Both TLS files are one member. A reload can exchange the files, but it cannot turn TLS on or off.
template <auto kParse>
constexpr Setting::Member kTlsMember = {
    [](const Setting& setting, const std::string& text, Config* config) {
      return kParse(setting, text, &config->http_policy.tls);
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
     .member = kMember < [](auto& config) -> auto& {return config.segment_path;
}  // namespace
, ParseSegmentPath >
}  // namespace shmetrics::agent
, {.key = "[segment] trusted_owner",
   .flag = "--segment.trusted-owner",
   .value = "USER",
   .default_in_words = "nobody",
   .help = "User, besides this one, root and the folder's owner, who may own the segment",
   .expected = "a user of this host; write a name or a number",
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.trusted_owner;
}
, ParseUser >
}
, {.key = "[web] listen_address",
   .flag = "--web.listen-address",
   .value = "ADDRESS",
   .kind = Kind::kSeveral,
   .default_in_words = kDefaultListenAddress,
   .help = "HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH to serve on; may be said again",
   .expected = "an address; write HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH",
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.listen_addresses;
}
, ParseListenAddresses >
}
, {.key = "[web] telemetry_path",
   .flag = "--web.telemetry-path",
   .value = "PATH",
   .default_value = "/metrics",
   .help = "Path of the metrics",
   .expected = "a path for metrics; write one like /metrics that is not below /api/, /-/ or /page/",
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.telemetry_path;
}
, ParseTelemetryPath >
}
, {.key = "[web] disable_exporter_metrics",
   .flag = "--web.disable-exporter-metrics",
   .kind = Kind::kSwitch,
   .default_value = "false",
   .help = "Leave out the metrics of the agent's own process and of its HTTP answers",
   .expected = "true or false",
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.disable_exporter_metrics;
}
, ParseSwitch >
}
, {.key = "[web] openmetrics_created",
   .flag = "--web.openmetrics-created",
   .kind = Kind::kSwitch,
   .default_value = "false",
   .help = "In OpenMetrics say when each counter and histogram began (_created)",
   .expected = "true or false",
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.openmetrics_created;
}
, ParseSwitch >
}
,
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
     .default_in_words = "none",
     .help = "NAME or NAME:PORT, divided by commas, that a request may call this host; * for any",
     .expected = "a list of hosts; write NAME or NAME:PORT, divided by commas, or * for any",
     .member = kMember < [](auto& config) -> auto& {return config.http_policy.allowed_hosts;
}
, ParseHosts >
}
, {.key = "[web] max_connections",
   .default_value = "64",
   .help = "Connections to each listen address at a time",
   .expected = "a number of connections",
   .range = Setting::Range{1, 1024},
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.http_limits.max_connections;
}
, ParseCount >
}
, {.key = "[web] request_deadline_seconds",
   .default_value = "30",
   .help = "Seconds in which a request must arrive, and again in which it must be answered",
   .expected = "a number of seconds",
   .range = Setting::Range{1, 3600},
   .needs_restart = true,
   .member = kMember < [](auto& config) -> auto& {return config.http_limits.deadline;
}
, ParseSeconds >
}
, {.key = "[log] level",
   .flag = "--log.level",
   .value = "LEVEL",
   .default_value = "info",
   .help = "debug, info, warn or error",
   .expected = "a log level; write debug, info, warn or error",
   .member = kMember < [](auto& config) -> auto& {return config.log_level;
}
, ParseLevel >
}
, {.key = "[log] format",
   .flag = "--log.format",
   .value = "FORMAT",
   .default_value = "logfmt",
   .help = "logfmt or json",
   .expected = "a log format; write logfmt or json",
   .member = kMember < [](auto& config) -> auto& {return config.log_format;
}
, ParseFormat >
}
,
}
;

}  // namespace

Result<void> Setting::Set(const std::string& text, PartialConfig* config) const {
  Result<void> parsed = member.parse(*this, text, &config->values);
  if (parsed.ok()) config->keys.insert(key);
  return parsed;
}

std::string Setting::HelpText() const {
  if (kind == Kind::kSwitch) return std::string(help);
  const std::string usual(default_value.empty() ? default_in_words : default_value);
  return std::string(help) + (range ? ", " + ToString(*range) : "") + " (default: " + usual + ")";
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
