#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_LOAD_WATCH_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_LOAD_WATCH_H_

#include <chrono>
#include <optional>
#include <string>

#include "agent/view/segment_follower.h"

namespace shmetrics::agent {

/// Says so when no worker loads the saved ledger: until one has, nothing is saved, because the ledger is not the whole.
/// Without a word, all that is counted meanwhile would be lost with the segment. One thread at a time.
class LedgerLoadWatch {
 public:
  /// How long workers may take, as the next one that makes a quota loads what the last one could not.
  static constexpr std::chrono::seconds kPatience{60};

  explicit LedgerLoadWatch(std::string state_file);

  /// To be called with every view before a save. Logs a warning once the ledger has had users, and has not been loaded,
  /// for longer than kPatience, and again when it has been loaded after all.
  void Look(const SegmentView& view, std::chrono::steady_clock::time_point now);

 private:
  const std::string state_file_;
  std::optional<std::chrono::steady_clock::time_point> unloaded_since_;
  bool has_warned_ = false;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_LOAD_WATCH_H_
