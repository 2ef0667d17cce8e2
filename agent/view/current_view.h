#ifndef SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_
#define SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_

#include <sys/types.h>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/view/recent_lease_keys.h"
#include "agent/view/segment_follower.h"
#include "shm/leases/ledger_record.h"
#include "shm/snapshot/snapshot_reader.h"

namespace shmetrics::agent {

/// What the agent sees of the segment now. One thread at a time uses it, during its Turn.
class CurrentView {
 public:
  /// The parameters are those of SegmentFollower.
  explicit CurrentView(std::string segment_path, uid_t trusted_owner = static_cast<uid_t>(-1));

  const std::string& segment_path() const { return follower_.path(); }

  /// A thread's turn at the view. The constructor waits for the end of the turn before it.
  class Turn {
   public:
    explicit Turn(CurrentView* view);

    /// Looks at the segment again, and shows lease keys that have gone at 0. The caller may change the
    /// result. It lasts until the next look.
    SegmentView& Look(shm::ExemplarReading exemplars = shm::ExemplarReading::kSkip);

    /// The ledger as it is now; empty if there is none to read. It lasts until the next call.
    const std::vector<shm::LedgerRecord>& Ledger();

    /// The ledger as it is now, if it is complete and may be saved. It is not complete without a segment, or
    /// before a worker has loaded what was saved before.
    std::optional<std::vector<shm::LedgerRecord>> LedgerToSave();

   private:
    CurrentView* const view_;
    const std::lock_guard<std::mutex> lock_;
  };

 private:
  std::mutex mutex_;
  SegmentFollower follower_;
  SegmentView seen_;
  RecentLeaseKeys recent_lease_keys_;
  std::vector<shm::LedgerRecord> ledger_;  ///< kept to use its memory again
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_
