#include "agent/config/settings.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <system_error>

#include "agent/http/basic_auth.h"

namespace shmetrics::agent {
namespace {

Error BadValue(const std::string& text, std::string_view expected) {
  return {ErrorCode::kBadOption, "'" + text + "' is not " + std::string(expected)};
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

Result<void> SetSegmentPath(const std::string& text, Settings* settings) {
  if (text.empty()) return BadValue(text, "the path of a segment");
  settings->segment_path = text;
  return {};
}

Result<void> SetTrustedOwner(const std::string& text, Settings* settings) {
  settings->trusted_owner = ParseNumber<uid_t>(text, 0, static_cast<uid_t>(-2));
  if (settings->trusted_owner) return {};
  const passwd* const user = getpwnam(text.c_str());
  if (user == nullptr) return BadValue(text, "a user of this host; write a name or a number");
  settings->trusted_owner = user->pw_uid;
  return {};
}

Result<void> AddListenAddresses(const std::string& text, Settings* settings) {
  for (const std::string& part : Split(text)) {
    const std::optional<ListenAddress> address = ParseListenAddress(part);
    if (!address) {
      return BadValue(part, "an address; write HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH");
    }
    if (std::ranges::find(settings->listen_addresses, *address) != settings->listen_addresses.end() &&
        address->port != 0) {
      return Error{ErrorCode::kBadOption, "'" + part + "' is said twice"};
    }
    settings->listen_addresses.push_back(*address);
  }
  return {};
}

Result<void> SetTelemetryPath(const std::string& text, Settings* settings) {
  const bool is_plain = std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("/-._~").find(static_cast<char>(c)) != std::string_view::npos;
  });
  const auto is_taken = [&text](std::string_view prefix) { return text.starts_with(prefix); };
  constexpr std::array<std::string_view, 3> kTaken = {"/api/", "/-/", "/page/"};
  if (!text.starts_with('/') || text == "/" || !is_plain || std::ranges::any_of(kTaken, is_taken)) {
    return BadValue(text,
                    "a path for metrics; write one like /metrics that is not below /api/, /-/ or /page/");
  }
  settings->telemetry_path = text;
  return {};
}

template <std::optional<bool> Settings::*Member>
Result<void> SetSwitch(const std::string& text, Settings* settings) {
  if (text != "true" && text != "false") return BadValue(text, "true or false");
  settings->*Member = text == "true";
  return {};
}

/// `mark` tells one kind of PEM from another; whether the library can use the file, only the library can say.
Result<void> CheckPem(const std::string& path, std::string_view mark, std::string_view what) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::kBadOption, "'" + path + "' could not be opened"};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.find(mark) == std::string::npos) return BadValue(path, what);
  return {};
}

Result<void> SetTlsCertificate(const std::string& text, Settings* settings) {
  settings->tls_certificate = text;
  return CheckPem(text, "-----BEGIN CERTIFICATE-----", "a file with a certificate in PEM");
}

Result<void> SetTlsKey(const std::string& text, Settings* settings) {
  settings->tls_key = text;
  return CheckPem(text, "PRIVATE KEY-----", "a file with a private key in PEM");
}

Result<void> SetAllowedHosts(const std::string& text, Settings* settings) {
  std::vector<std::string> hosts = Split(text);
  const auto is_bad = [](const std::string& host) {
    return host.empty() || host.find_first_of("/ \t@") != std::string::npos;
  };
  if (std::ranges::any_of(hosts, is_bad)) {
    return BadValue(text, "a list of hosts; write NAME or NAME:PORT, divided by commas, or * for any");
  }
  settings->allowed_hosts = std::move(hosts);
  return {};
}

Result<void> SetMaxConnections(const std::string& text, Settings* settings) {
  settings->max_connections = ParseNumber<unsigned>(text, 1, 1024);
  if (!settings->max_connections) return BadValue(text, "a number of connections, 1 to 1024");
  return {};
}

Result<void> SetRequestDeadline(const std::string& text, Settings* settings) {
  const std::optional<int> seconds = ParseNumber(text, 1, 3600);
  if (!seconds) return BadValue(text, "a number of seconds, 1 to 3600");
  settings->request_deadline = std::chrono::seconds(*seconds);
  return {};
}

Result<void> SetLogLevel(const std::string& text, Settings* settings) {
  settings->log_level = ParseLogLevel(text);
  if (!settings->log_level) return BadValue(text, "a log level; write debug, info, warn or error");
  return {};
}

Result<void> SetLogFormat(const std::string& text, Settings* settings) {
  settings->log_format = ParseLogFormat(text);
  if (!settings->log_format) return BadValue(text, "a log format; write logfmt or json");
  return {};
}

using Kind = Setting::Kind;

constexpr Setting kSettings[] = {
    {"[segment] path", "--segment.path", "PATH",
     "Segment to read (default: $SHMETRICS_SEGMENT, else /run/shmetrics/default.v1 if there is that folder, "
     "else /dev/shm/shmetrics-UID/default.v1)",
     Kind::kOne, SetSegmentPath},
    {"[segment] trusted_owner", "--segment.trusted-owner", "USER",
     "User, besides this one, root and the folder's owner, who may own the segment", Kind::kOne,
     SetTrustedOwner},
    {"[web] listen_address", "--web.listen-address", "ADDRESS",
     "HOST:PORT, [IPV6]:PORT, :PORT or unix:/PATH to serve on; may be said again (default: 127.0.0.1:8000)",
     Kind::kSeveral, AddListenAddresses},
    {"[web] telemetry_path", "--web.telemetry-path", "PATH", "Path of the metrics (default: /metrics)",
     Kind::kOne, SetTelemetryPath},
    {"[web] disable_exporter_metrics", "--web.disable-exporter-metrics", "",
     "Leave out the metrics of the agent's own process and of its HTTP answers", Kind::kSwitch,
     SetSwitch<&Settings::disable_exporter_metrics>},
    {"[web] openmetrics_created", "--web.openmetrics-created", "",
     "In OpenMetrics say when each counter and histogram began (_created)", Kind::kSwitch,
     SetSwitch<&Settings::openmetrics_created>},
    {"[web] tls_certificate", "", "", "", Kind::kOne, SetTlsCertificate},
    {"[web] tls_key", "", "", "", Kind::kOne, SetTlsKey},
    {"[web] allowed_hosts", "", "", "", Kind::kOne, SetAllowedHosts},
    {"[web] max_connections", "", "", "", Kind::kOne, SetMaxConnections},
    {"[web] request_deadline_seconds", "", "", "", Kind::kOne, SetRequestDeadline},
    {"[log] level", "--log.level", "LEVEL", "debug, info, warn or error (default: info)", Kind::kOne,
     SetLogLevel},
    {"[log] format", "--log.format", "FORMAT", "logfmt or json (default: logfmt)", Kind::kOne, SetLogFormat},
};

}  // namespace

std::span<const Setting> AllSettings() { return kSettings; }

Result<void> AddWebUser(const std::string& name, const std::string& bcrypt_hash, Settings* settings) {
  if (name.empty()) return Error{ErrorCode::kBadOption, "a user needs a name"};
  if (!IsBcryptHash(bcrypt_hash)) {
    return Error{ErrorCode::kBadOption,
                 "not a bcrypt hash of a cost of 4 to 14; write the $2y$... that htpasswd -nB prints"};
  }
  settings->users.push_back({name, bcrypt_hash});
  return {};
}

void Settings::FillFrom(const Settings& other) {
  const auto fill = [](auto* own, const auto& others) {
    if (!*own) *own = others;
  };
  fill(&segment_path, other.segment_path);
  fill(&trusted_owner, other.trusted_owner);
  if (listen_addresses.empty()) listen_addresses = other.listen_addresses;
  fill(&telemetry_path, other.telemetry_path);
  fill(&disable_exporter_metrics, other.disable_exporter_metrics);
  fill(&openmetrics_created, other.openmetrics_created);
  fill(&tls_certificate, other.tls_certificate);
  fill(&tls_key, other.tls_key);
  if (users.empty()) users = other.users;
  fill(&allowed_hosts, other.allowed_hosts);
  fill(&max_connections, other.max_connections);
  fill(&request_deadline, other.request_deadline);
  fill(&log_level, other.log_level);
  fill(&log_format, other.log_format);
}

}  // namespace shmetrics::agent
