#include "agent/base/log_line.h"

#include <utf8.h>

#include <array>
#include <cstdio>
#include <iterator>

#include "agent/base/timestamp.h"

namespace shmetrics::agent {
namespace {

bool IsControl(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Escapes a message so that it cannot end its line or its quotes and add fields of its own.
std::string EscapeForLogfmt(std::string_view message) {
  std::string escaped;
  escaped.reserve(message.size());
  for (const char c : message) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += IsControl(c) ? ' ' : c;
  }
  return escaped;
}

std::string EscapeForJson(std::string_view message) {
  std::string valid;
  utf8::replace_invalid(message.begin(), message.end(), std::back_inserter(valid));
  std::string escaped;
  escaped.reserve(valid.size());
  for (const char c : valid) {
    if (IsControl(c)) {
      std::array<char, 7> code{};
      std::snprintf(code.data(), code.size(), "\\u%04x", static_cast<unsigned>(c));
      escaped += code.data();
      continue;
    }
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string LogLine(LogFormat format, std::int64_t unix_ns, LogLevel level, std::string_view message) {
  const std::string time = FormatUtc(unix_ns);
  const std::string name(LogLevelName(level));
  if (format == LogFormat::kJson) {
    return R"({"time":")" + time + R"(","level":")" + name + R"(","msg":")" + EscapeForJson(message) +
           "\"}\n";
  }
  return "time=" + time + " level=" + name + " msg=\"" + EscapeForLogfmt(message) + "\"\n";
}

}  // namespace shmetrics::agent
