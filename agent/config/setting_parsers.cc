#include "agent/config/setting_parsers.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

namespace shmetrics::agent {
namespace {

Error BadValue(const Setting& setting, const std::string& text) {
  std::string expected(setting.expected);
  if (setting.range) expected += ", " + setting.range->ToString();
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

/// `mark` tells one kind of PEM from another. Only the TLS library can say whether it can use the file.
Result<void> CheckPem(const Setting& setting, const std::string& path, std::string_view mark) {
  std::ifstream file(path);
  if (!file) return Error{ErrorCode::kBadOption, "'" + path + "' could not be opened"};
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.find(mark) == std::string::npos) return BadValue(setting, path);
  return {};
}

}  // namespace

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
  const std::vector<std::string> parts = Split(text);
  const auto is_bad = [](const std::string& host) {
    return host.empty() || host.find_first_of("/ \t@") != std::string::npos;
  };
  if (std::ranges::any_of(parts, is_bad)) return BadValue(setting, text);
  hosts->insert(hosts->end(), parts.begin(), parts.end());
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
  Result<void> parsed = ParseCount(setting, text, &seconds);
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

}  // namespace shmetrics::agent
