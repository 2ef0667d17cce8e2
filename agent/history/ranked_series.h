#ifndef SHMETRICS_AGENT_HISTORY_RANKED_SERIES_H_
#define SHMETRICS_AGENT_HISTORY_RANKED_SERIES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/history/activity_scan.h"
#include "agent/history/ring_table.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// What the series and families of a history share: the rows of a table, and bytes for texts and bounds.
struct HistoryRoom {
  static constexpr std::size_t kTextBytes = 1U << 20U;
  RingTable table = {};
  std::size_t text_bytes = 0;  ///< in use
};

/// The series of one family whose values are kept, the most active first. A counter or histogram is as active
/// as the most that it grew between two looks; a gauge as its largest value. A series overtakes another only if
/// it is a quarter more active. Without that, ten thousand alike series would change places all the time.
class RankedSeries {
 public:
  struct Series {
    std::string name_and_labels;
    std::int32_t worker;  ///< as in SeriesSnapshot
    RingTable::Row row;
    std::uint32_t index;              ///< where it stood in the snapshot's family last
    double peak;                      ///< how active it is
    std::uint64_t peak_look;          ///< at which look it was that active
    std::uint64_t seen_look;          ///< at which look it was there last
    std::optional<double> last = {};  ///< its value then
  };

  const std::vector<Series>& series() const { return series_; }

  /// Writes the present values of the kept series into the newest column. Gives up those that have not been
  /// there for as long as the table reaches back. `moved` says that series may stand anywhere.
  void Update(const shm::Snapshot& snapshot, const shm::FamilySnapshot& family, std::uint64_t look,
              bool moved, HistoryRoom* room);
  /// Gives up the least active ones beyond `most`, which is also the limit for Consider() and Admit().
  void ShrinkTo(std::size_t most, HistoryRoom* room);
  /// Notes a series that Admit() may keep. Cheap, because it is called for every series of a slice.
  void Consider(const ActivityScan::Offer& offer);
  /// Keeps the best of those considered since the last call, in place of less active ones where the limit is
  /// met, and puts all in order.
  void Admit(const shm::Snapshot& snapshot, const shm::FamilySnapshot& family, std::uint64_t look,
             HistoryRoom* room);

 private:
  bool Keep(const shm::Snapshot& snapshot, const shm::FamilySnapshot& family,
            const ActivityScan::Offer& offer, std::uint64_t look, HistoryRoom* room);
  void GiveUp(std::size_t index, HistoryRoom* room);
  void Order();

  std::vector<Series> series_;
  std::vector<ActivityScan::Offer> offers_;  ///< a heap, the weakest first
  std::size_t most_ = 0;
  std::uint64_t searched_look_ = 0;  ///< when lost series were last looked for everywhere
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_RANKED_SERIES_H_
