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

/// Saves the ledger to a file, so that it survives the segment and the next boot of the host. The worker that
/// makes the next segment reads the file: client-lib/audio/ledger_format.h tells the form. A reader finds the
/// former file or the new one, never a part of either.
class LedgerSaver {
 public:
  explicit LedgerSaver(std::string path);

  /// Saves the ledger of `view` if it is complete. Leaves out raw ids if `audio` wants hashed ones. Warns if
  /// no worker loads the file for a long time, because until then nothing is saved.
  void SaveFrom(CurrentView* view, const audio::AudioConfig& audio,
                std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// Writes `ledger` if it has changed since the last call. The next call tries again after a failure. The
  /// log has one line for a failure, and another only when the failure changes or ends.
  void Save(std::vector<shm::LedgerRecord> ledger);

 private:
  Result<void> Write(const std::string& text) const;

  const std::string path_;
  LedgerLoadWatch load_watch_;
  std::string saved_users_;   ///< the users as they were last written, without the time
  std::string last_failure_;  ///< empty if there was none
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
