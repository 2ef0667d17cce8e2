#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_LOAD_WATCH_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_LOAD_WATCH_H_

#include <chrono>
#include <optional>
#include <string>

#include "agent/view/segment_follower.h"

namespace shmetrics::agent {

/// Warns if no worker loads the saved ledger. Until one has, the ledger is not complete, so it is not saved.
/// Without a warning, everything counted meanwhile could be lost with the segment unnoticed. One thread at a
/// time.
class LedgerLoadWatch {
 public:
  /// How long workers may take. If one fails to load it, the next one that makes a quota tries again.
  static constexpr std::chrono::seconds kPatience{60};

  explicit LedgerLoadWatch(std::string state_file);

  /// Call this with every view before a save. Logs a warning when the ledger has had users for longer than
  /// kPatience and has not been loaded. Logs once more when it has been loaded after all.
  void Look(const SegmentView& view, std::chrono::steady_clock::time_point now);

 private:
  const std::string state_file_;
  std::optional<std::chrono::steady_clock::time_point> unloaded_since_;
  bool has_warned_ = false;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_LOAD_WATCH_H_
