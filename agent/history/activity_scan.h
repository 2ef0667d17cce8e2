#ifndef SHMETRICS_AGENT_HISTORY_ACTIVITY_SCAN_H_
#define SHMETRICS_AGENT_HISTORY_ACTIVITY_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Finds out which series are active, of more series than it could remember the values of. It remembers a
/// slice of all series at one look, and compares at the next. Then it goes on to the following slice. So its
/// memory and time are bounded, whatever the number of series.
class ActivityScan {
 public:
  /// Half a MiB of remembered values. A million series are looked at in eight turns.
  static constexpr std::size_t kSliceSeries = 131'072;

  struct Offer {
    double activity;       ///< growth since the last look; of a gauge its value; 0 if nothing is known yet
    double value;          ///< present value, or the count of a histogram
    std::uint32_t series;  ///< index into the family's series
  };
  /// Is called with the family's index in the snapshot, in ascending order of family and series.
  using Take = std::function<void(std::size_t family, const Offer& offer)>;

  /// Offers the series of the slice that was remembered at the last look, and those of the next slice whose
  /// values are now remembered.
  void Look(const shm::Snapshot& snapshot, const Take& take);

 private:
  /// Neighbouring series of one family. The addresses are compared, never followed: they say whether the
  /// series still stand where they stood.
  struct Run {
    std::size_t family;
    const char* family_name;
    std::uint32_t first;
    std::uint32_t count;
    const char* first_text;
    const char* last_text;
  };
  static constexpr std::size_t kMaxRuns = 4'096;

  void Compare(const shm::Snapshot& snapshot, const Take& take) const;
  void Remember(const shm::Snapshot& snapshot, const Take& take);

  std::vector<std::uint32_t> values_;  ///< what the series of all runs had, shortened: see Shortened()
  std::vector<Run> runs_;
  std::size_t next_family_ = 0;
  std::size_t next_series_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_ACTIVITY_SCAN_H_
