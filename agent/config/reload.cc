#include "agent/config/reload.h"

#include <ctime>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "agent/base/log.h"
#include "agent/config/loosening.h"

namespace shmetrics::agent {

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
  // Last: whoever waits for this line may then read the metrics.
  Log(LogLevel::kInfo, "the configuration has been read again");
}

Result<void> Reload::TryRun(const Apply& apply) {
  Result<Config> read = ReadConfig(options_.config_file, options_.flags);
  if (!read.ok()) return read.error();
  const Result<void> closed = RefuseLoosening(*config_, read.value());
  if (!closed.ok()) return closed.error();
  const std::vector<std::string> warnings = read->warnings;
  std::string waiting;
  for (const std::string& key : KeysThatNeedRestart(*config_, read.value())) {
    waiting += (waiting.empty() ? "" : ", ") + key;
  }
  // Settings that wait for a restart keep their running values, so that the next reload names them again.
  auto next = std::make_unique<const Config>(WithoutKeysThatNeedRestart(*config_, std::move(read.value())));
  const Result<void> applied = apply(*next);
  if (!applied.ok()) return applied.error();
  config_ = std::move(next);
  for (const std::string& warning : warnings) Log(LogLevel::kWarn, warning);
  if (!waiting.empty()) Log(LogLevel::kWarn, "these settings change only after a restart: " + waiting);
  return {};
}

}  // namespace shmetrics::agent
