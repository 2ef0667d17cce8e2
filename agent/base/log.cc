#include "agent/base/log.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <utf8.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>

#include "agent/base/timestamp.h"

namespace shmetrics::agent {
namespace {

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::string_view LevelName(LogLevel level) {
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

std::string_view LevelName(spdlog::level::level_enum level) {
  for (const LogLevel ours : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn}) {
    if (level == ToSpdlog(ours)) return LevelName(ours);
  }
  return LevelName(LogLevel::kError);
}

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

/// Formats the whole line, so that a change of format while another thread logs cannot mix two formats in one
/// line.
class LineFormatter : public spdlog::formatter {
 public:
  explicit LineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string time = FormatUtc(
        std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch()).count());
    const std::string_view text(message.payload.data(), message.payload.size());
    const std::string level(LevelName(message.level));
    const std::string line = format_ == LogFormat::kJson ? R"({"time":")" + time + R"(","level":")" + level +
                                                               R"(","msg":")" + EscapeForJson(text) + "\"}\n"
                                                         : "time=" + time + " level=" + level + " msg=\"" +
                                                               EscapeForLogfmt(text) + "\"\n";
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  const LogFormat format_;
};

spdlog::logger& Logger() {
  static spdlog::logger logger("", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  return logger;
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view word) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (word == LevelName(level)) return level;
  }
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(std::string_view word) {
  if (word == "logfmt") return LogFormat::kLogfmt;
  if (word == "json") return LogFormat::kJson;
  return std::nullopt;
}

void StartLog(LogLevel level, LogFormat format) {
  Logger().set_level(ToSpdlog(level));
  Logger().set_formatter(std::make_unique<LineFormatter>(format));
}

void Log(LogLevel level, std::string_view message) {
  Logger().log(ToSpdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace shmetrics::agent
