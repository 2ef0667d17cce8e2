#include "agent/config/reload.h"

#include <ctime>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/log.h"

namespace shmetrics::agent {
namespace {

/// `next` with what only a restart can change as `running` has it, so that a second reload tells the same again.
Config Exchangeable(const Config& running, Config next) {
  Config config = running;
  const bool has_one_scheme = running.http_policy.tls.has_value() == next.http_policy.tls.has_value();
  config.http_policy = std::move(next.http_policy);
  if (!has_one_scheme) config.http_policy.tls = running.http_policy.tls;
  config.log_level = next.log_level;
  config.log_format = next.log_format;
  config.audio = std::move(next.audio);
  config.audio.state_file = running.audio.state_file;
  return config;
}

}  // namespace

Reload::Reload(Options options, Config config, ReloadStats* stats)
    : options_(std::move(options)),
      config_(std::make_unique<const Config>(std::move(config))),
      stats_(stats) {}

void Reload::Run(const Apply& apply) {
  try {
    const Result<void> run = TryRun(apply);
    stats_->successful = run.ok();
    if (!run.ok()) {
      Log(LogLevel::kError, "the configuration stays as it was: " + run.error().message);
      return;
    }
  } catch (const std::exception&) {
    stats_->successful = false;
    throw;
  }
  stats_->success_unix_seconds = std::time(nullptr);
}

Result<void> Reload::TryRun(const Apply& apply) {
  Result<Config> read = ReadConfig(options_);
  if (!read.ok()) return read.error();
  const std::vector<std::string> warnings = read->warnings;
  std::string waiting;
  for (const std::string& key : KeysThatNeedRestart(*config_, read.value())) {
    waiting += (waiting.empty() ? "" : ", ") + key;
  }
  auto next = std::make_unique<const Config>(Exchangeable(*config_, std::move(read.value())));
  const Result<void> applied = apply(*next);
  if (!applied.ok()) return applied.error();
  config_ = std::move(next);
  for (const std::string& warning : warnings) Log(LogLevel::kWarn, warning);
  if (!waiting.empty()) Log(LogLevel::kWarn, "changed, and in force only after a restart: " + waiting);
  Log(LogLevel::kInfo, "the configuration has been read again");
  return {};
}

}  // namespace shmetrics::agent
