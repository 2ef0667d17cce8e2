#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_

#include <string>
#include <vector>

#include "shm/leases/ledger_record.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Where the ledger outlives the segment, and with it the host's next boot: written by the agent, read by the worker that
/// makes the next segment (client-lib/audio/ledger_loader.h). JSON, users sorted by name:
///   {"format": "shmetrics-ledger-1", "saved": "2026-11-22T16:00:00.000Z", "users": [
///     {"user": "42", "day": "2026-11-22", "nano_minutes": 1500000000, "tier": "premium"}, ...]}
/// `tier` is null where none was set. Written whole or not at all: a reader finds the former one or this.
class LedgerFile {
 public:
  explicit LedgerFile(std::string path);

  /// Writes `ledger` if it is not what was written last. A failure is logged once, until it becomes another or is over;
  /// the next call tries again.
  void Save(std::vector<shm::LedgerRecord> ledger);

 private:
  Result<void> Write(const std::string& text) const;

  const std::string path_;
  std::string saved_users_;   ///< what was written last, without the time
  std::string last_failure_;  ///< empty if there was none
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
