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

/// What the agent sees of the segment now. Several threads want to see it, one at a time does: each takes a Turn.
class CurrentView {
 public:
  /// As SegmentFollower's.
  explicit CurrentView(std::string segment_path, uid_t trusted_owner = static_cast<uid_t>(-1));

  const std::string& segment_path() const { return follower_.path(); }

  /// Waits until nobody else has a turn. While it lives, nobody else gets one.
  class Turn {
   public:
    explicit Turn(CurrentView* view);

    /// A fresh look, with the lease keys that have gone shown at 0. What it returns may be changed, and lasts until the
    /// next look.
    SegmentView& Look(shm::ExemplarReading exemplars = shm::ExemplarReading::kSkip);

    /// The ledger as it is now; empty if there is none to read. Lasts until the next call.
    const std::vector<shm::LedgerRecord>& Ledger();

    /// The ledger as it is now, to be saved. None if it was not the whole at the last look: without a segment, or before a
    /// worker has taken over what was saved before.
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
  std::vector<shm::LedgerRecord> ledger_;  ///< its memory is used again
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_
