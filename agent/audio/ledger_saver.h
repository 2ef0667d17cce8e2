#ifndef SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
#define SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "agent/audio/ledger_file.h"
#include "agent/audio/ledger_load_watch.h"
#include "agent/own_metrics/agent_stats.h"
#include "agent/view/current_view.h"
#include "client-lib/audio/config.h"
#include "client-lib/audio/ledger_format.h"
#include "shm/leases/ledger_record.h"
#include "shm/result.h"

namespace shmetrics::agent {

/// Saves the ledger to a file, so that it survives the segment and the next boot of the host. The worker that
/// makes the next segment reads the file: client-lib/audio/ledger_format.h tells the form. A file that is the
/// ledger of another segment is left as it is. One thread at a time.
class LedgerSaver {
 public:
  /// Whether the file is written also if it is there and nothing has changed.
  enum class Always : std::uint8_t { kNo, kYes };

  /// `stats` must outlive this.
  LedgerSaver(std::string path, SaveStats* stats);

  /// Saves the ledger of `view` if it is complete. Leaves out raw ids if `audio` wants hashed ones. Warns if
  /// no worker loads the file for a long time, because until then nothing is saved. False if something was to
  /// be saved and was not.
  bool SaveFrom(CurrentView* view, const audio::AudioConfig& audio, Always always = Always::kNo,
                std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

  /// Writes `ledger`, which is of the segment `origin`, if it or the file has changed since the last call. The
  /// next call tries again after a failure. Each failure is counted. The log has one line for a failure, and
  /// another only when the failure changes or ends.
  bool Save(std::vector<shm::LedgerRecord> ledger, const audio::LedgerOrigin& origin,
            Always always = Always::kNo);

 private:
  Result<void> Replace(std::string users, const audio::LedgerOrigin& origin);
  /// kForeignOwner if the file is the ledger of another segment. An error too if nobody can tell.
  Result<void> CheckOwner(const audio::LedgerOrigin& origin) const;

  LedgerFile file_;
  LedgerLoadWatch load_watch_;
  SaveStats* const stats_;
  std::string saved_users_;  ///< the users as they were last written, without the time
  audio::LedgerOrigin saved_origin_;
  std::string last_failure_;  ///< empty if there was none
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_AUDIO_LEDGER_SAVER_H_
