#include "agent/base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "agent/base/log_line.h"
#include "agent/base/standard_error.h"

namespace shmetrics::agent {
namespace {

using std::chrono::steady_clock;

/// Lines that may wait for the reader of stderr: what an agent logs in hours. They take half a megabyte.
constexpr std::size_t kQueueLines = 1'024;

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

LogLevel FromSpdlog(spdlog::level::level_enum level) {
  for (const LogLevel ours : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn}) {
    if (level == ToSpdlog(ours)) return ours;
  }
  return LogLevel::kError;
}

/// Writes lines. It has no lock, which spdlog's own sinks hold while they write: a change of the format would
/// wait for the reader of stderr.
class StandardErrorSink : public spdlog::sinks::sink {
 public:
  std::atomic<LogFormat> line_format{LogFormat::kLogfmt};
  std::atomic<std::uint64_t> written{0};
  std::atomic<std::uint64_t> lost{0};

  void log(const spdlog::details::log_msg& message) override {
    const auto time = std::chrono::duration_cast<std::chrono::nanoseconds>(message.time.time_since_epoch());
    // Reads the format once, so that a change of it cannot mix two formats in one line.
    const std::string line = LogLine(line_format, time.count(), FromSpdlog(message.level),
                                     {message.payload.data(), message.payload.size()});
    ++(WriteToStandardError(line, kForEver) ? written : lost);
  }
  void flush() override {}
  void set_pattern(const std::string& /*pattern*/) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}
};

/// Never destroyed: at the end of the program the log's thread may still wait for the reader of stderr.
struct TheLog {
  std::shared_ptr<StandardErrorSink> sink = std::make_shared<StandardErrorSink>();
  std::shared_ptr<spdlog::details::thread_pool> threads;
  std::shared_ptr<spdlog::logger> logger = std::make_shared<spdlog::logger>("", sink);
  std::atomic<std::uint64_t> lines{0};  ///< handed to the logger

  TheLog() { CountWhatFails(); }

  /// spdlog would complain on stderr, which may be what is stuck.
  void CountWhatFails() {
    logger->set_error_handler([this](const std::string&) { ++sink->lost; });
  }
  std::uint64_t Dropped() const { return sink->lost + (threads ? threads->overrun_counter() : 0); }
};

TheLog& Instance() {
  static auto* const log = new TheLog;
  return *log;
}

}  // namespace

std::optional<LogLevel> ParseLogLevel(std::string_view word) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (word == LogLevelName(level)) return level;
  }
  return std::nullopt;
}

std::optional<LogFormat> ParseLogFormat(std::string_view word) {
  if (word == "logfmt") return LogFormat::kLogfmt;
  if (word == "json") return LogFormat::kJson;
  return std::nullopt;
}

void StartLog(LogLevel level, LogFormat format) {
  Instance().logger->set_level(ToSpdlog(level));
  Instance().sink->line_format = format;
}

void StartLogThread() {
  TheLog& log = Instance();
  // The new thread inherits this: a signal that it took would reach nobody.
  sigset_t all;
  sigset_t former;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &former);
  log.threads = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  const spdlog::level::level_enum level = log.logger->level();
  log.logger = std::make_shared<spdlog::async_logger>("", log.sink, log.threads,
                                                      spdlog::async_overflow_policy::overrun_oldest);
  log.logger->set_level(level);
  log.CountWhatFails();
}

bool FlushLog(std::chrono::milliseconds patience) {
  const TheLog& log = Instance();
  const steady_clock::time_point end = steady_clock::now() + patience;
  while (log.sink->written + log.Dropped() < log.lines) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

std::uint64_t DroppedLogLines() { return Instance().Dropped(); }

void Log(LogLevel level, std::string_view message) {
  TheLog& log = Instance();
  if (!log.logger->should_log(ToSpdlog(level))) return;
  ++log.lines;
  log.logger->log(ToSpdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace shmetrics::agent
