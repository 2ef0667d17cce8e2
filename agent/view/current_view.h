#ifndef SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_
#define SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <cstdint>
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

  /// Whether there is a segment to read, and a line that says so.
  struct Standing {
    SegmentView::State state;
    std::string message;
  };
  /// Waits for nobody's turn: while another thread looks, this is what the look before it has found. Costs as
  /// little with many series and leases as with none. Thread-safe.
  Standing Now();

  /// For how long the turn now under way has been; zero if there is none. Thread-safe, and waits for nothing.
  std::chrono::nanoseconds TurnTime() const;

  /// A thread's turn at the view. The constructor waits for the end of the turn before it.
  class Turn {
   public:
    explicit Turn(CurrentView* view);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    /// Looks at the segment again, and shows lease keys that have gone at 0. The caller may change the
    /// result. It lasts until the next look.
    SegmentView& Look(shm::ExemplarReading exemplars = shm::ExemplarReading::kSkip);

    /// The result of the last look, with the segment and its workers read again, but nothing of which there can
    /// be many: leases and series are as old as that look.
    SegmentView& Glance();

    /// A glance; a look if the last one was longer than `age` ago.
    SegmentView& LookNotOlderThan(std::chrono::seconds age);

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
  /// Publishes what the follower has found. During a turn.
  void Publish();

  std::mutex mutex_;
  std::atomic<std::int64_t> turn_began_ns_{0};  ///< 0: no turn is under way
  std::mutex standing_mutex_;                   ///< held for a copy only
  Standing standing_;
  SegmentFollower follower_;
  SegmentView seen_;
  std::optional<std::chrono::steady_clock::time_point> looked_;
  RecentLeaseKeys recent_lease_keys_;
  std::vector<shm::LedgerRecord> ledger_;  ///< kept to use its memory again
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_VIEW_CURRENT_VIEW_H_
