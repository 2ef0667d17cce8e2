#ifndef SHMETRICS_AGENT_VIEW_SEGMENT_FOLLOWER_H_
#define SHMETRICS_AGENT_VIEW_SEGMENT_FOLLOWER_H_

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/log.h"
#include "shm/result.h"
#include "shm/snapshot/snapshot_reader.h"

namespace shmetrics::agent {

/// What the agent can read, and the reason if that is not everything.
struct SegmentView {
  enum class State : std::uint8_t {
    kWaiting,   ///< no file has the name
    kRefused,   ///< the agent may not read the file, or does not trust it, or it is no segment of this layout
    kAttached,  ///< stays so if the file is removed and no other file takes its place
    kCorrupt,   ///< the segment has been cut off or overwritten by another process
  };
  State state = State::kWaiting;
  std::string message;  ///< one line for people
  shm::Snapshot snapshot{};
};

/// Reads the segment at a path. The segment may not exist yet, and another file may replace it at any time.
/// Workers go on counting in a replaced segment, so its totals are still read and added to those of the new
/// one: no total goes backwards while the agent lives. One thread at a time.
class SegmentFollower {
 public:
  /// `trusted_owner` may own the segment file too; -1 is nobody.
  explicit SegmentFollower(std::string path, uid_t trusted_owner = static_cast<uid_t>(-1));

  /// Looks for a new segment, and fills `out`, whose memory it reuses. Logs each change of state.
  void Read(SegmentView* out, shm::ExemplarReading exemplars = shm::ExemplarReading::kRead);

  /// The same, but reads only what costs nothing by the number of series and leases: see
  /// SnapshotReader::ReadSummary(). Reads all if a replaced segment must be added.
  void ReadSummary(SegmentView* out);

  /// Looks for a new segment, and whether the current one is whole, but reads nothing else of it.
  void Check();

  /// What the last Read() or Check() has found.
  SegmentView::State state() const { return state_; }
  const std::string& message() const { return message_; }

  /// Reads the ledger of the current segment. Ledgers of replaced segments are left out, because the new one
  /// begins with what was saved of them. False, with `out` empty, if there is no ledger to read.
  bool ReadLedger(std::vector<shm::LedgerRecord>* out);

  const std::string& path() const { return path_; }

 private:
  using State = SegmentView::State;

  /// Attaches to the file at the path, unless it is attached already. Returns the reason if it cannot.
  std::optional<Error> Refresh();
  /// Makes `reader` the current one, and keeps the one before it as a replaced one.
  void Adopt(shm::SnapshotReader reader);
  /// Looks for a new segment, lets `read` read the current one, and gives it up if it is not whole.
  void Look(const std::function<void(shm::SnapshotReader*)>& read);
  void Judge(bool is_whole, const std::optional<Error>& trouble);
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
