#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_

#include <chrono>
#include <string>
#include <vector>

#include "agent/audio/ledger_load_watch.h"
#include "agent/view/current_view.h"
#include "client-lib/audio/config.h"
#include "shm/leases/ledger_record.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// The file in which the ledger outlives the segment, and so the host's next boot. The agent writes it, and the worker
/// that makes the next segment reads it: client-lib/audio/ledger_format.h tells the form. It is written whole or not at
/// all, so a reader finds the former file or the new one.
class LedgerSaver {
 public:
  explicit LedgerSaver(std::string path);

  /// Saves the ledger that `view` has to be saved, if it has one, without raw ids where `audio` wants ids hashed. Says so
  /// when no worker loads the file for long, because until then nothing is saved.
  void SaveFrom(CurrentView* view, const audio::AudioConfig& audio,
                std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// Writes `ledger` if it is not what was written last. A failure is logged once, until it becomes another or is over;
  /// the next call tries again.
  void Save(std::vector<shm::LedgerRecord> ledger);

 private:
  Result<void> Write(const std::string& text) const;

  const std::string path_;
  LedgerLoadWatch load_watch_;
  std::string saved_users_;   ///< what was written last, without the time
  std::string last_failure_;  ///< empty if there was none
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
