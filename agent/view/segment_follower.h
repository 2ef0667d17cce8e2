#ifndef SHMETRICS_AGENT_VIEW_SEGMENT_FOLLOWER_H_
#define SHMETRICS_AGENT_VIEW_SEGMENT_FOLLOWER_H_

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/log.h"
#include "shm/result.h"
#include "shm/snapshot/snapshot_reader.h"

namespace shmetrics::agent {

/// What there is to read, and why not more.
struct SegmentView {
  enum class State : std::uint8_t {
    kWaiting,   ///< nothing bears the name, or only what was refused
    kAttached,  ///< also while the file is gone and no other has come
    kCorrupt,   ///< the segment has been cut off or overwritten by another process
  };
  State state = State::kWaiting;
  std::string message;  ///< one line for people
  shm::Snapshot snapshot{};
};

/// Reads the segment that bears a name, whichever file that is today. It may not exist yet, and it may be
/// replaced at any time. Workers go on counting in a segment that has lost its name, so it is read on, and
/// its totals are added to the new one's: none goes backwards while the agent lives. One thread at a time.
class SegmentFollower {
 public:
  /// `trusted_owner`: who else may own the segment file; -1 for nobody.
  explicit SegmentFollower(std::string path, uid_t trusted_owner = static_cast<uid_t>(-1));

  /// Looks for a new segment and fills `out`, whose memory is used again. Logs when something has changed.
  void Read(SegmentView* out, shm::ExemplarReading exemplars = shm::ExemplarReading::kRead);

  /// The ledger of the segment that was read last; what a segment it replaced says is not part of it, because the new
  /// one begins with what was saved. False, with `out` empty, if there is none to read.
  bool ReadLedger(std::vector<shm::LedgerRecord>* out);

  const std::string& path() const { return path_; }

 private:
  using State = SegmentView::State;

  /// Attaches to what bears the name, if that is not what is attached already. What stood in the way, if
  /// anything.
  std::optional<Error> Refresh();
  void Adopt(shm::SnapshotReader reader);
  void ReadCurrent(const std::optional<Error>& trouble, shm::ExemplarReading exemplars, shm::Snapshot* out);
  void ExplainAbsence(const Error& trouble);
  void AddReplaced(shm::ExemplarReading exemplars, shm::Snapshot* out);
  void SetState(State state, LogLevel level, const std::string& message);

  std::string path_;
  const uid_t trusted_owner_;
  State state_ = State::kWaiting;
  std::string message_;
  std::optional<shm::SnapshotReader> current_;
  std::deque<shm::SnapshotReader> replaced_;  ///< the newest first
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_SEGMENT_FOLLOWER_H_
