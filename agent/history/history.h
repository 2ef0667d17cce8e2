#ifndef SHMETRICS_AGENT_HISTORY_HISTORY_H_
#define SHMETRICS_AGENT_HISTORY_HISTORY_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/history/activity_scan.h"
#include "agent/history/ranked_series.h"
#include "agent/history/ring_table.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// The last ten minutes of the totals of all families, of the audio families and of the most active series, so
/// that a page opened after an incident shows it. It takes 8 MiB at most, whatever there is to see. The agent
/// that saw it keeps it: a restart forgets it. One thread at a time.
class History {
 public:
  static constexpr std::chrono::seconds kStep{5};
  static constexpr std::chrono::nanoseconds kSpan = kStep * RingTable::kColumns;
  /// Rows for totals, and for buckets of histograms. Others are left for series.
  static constexpr std::size_t kTotalRows = 2'000;
  static constexpr std::size_t kBucketRows = 1'000;

  struct Family {
    shm::layout::MetricType type;
    shm::layout::GaugeMode gauge_mode;
    std::string unit;
    std::vector<double> bounds;
    bool has_labels = false;  ///< else its total is its only series
    /// Of the total: the value, or for a histogram the count.
    RingTable::Row total;
    std::optional<RingTable::Row> sum = {};  ///< of a histogram
    std::vector<RingTable::Row> buckets =
        {};  ///< cumulative counts of a histogram; empty if there was no room
    RankedSeries ranked = {};
    std::uint64_t series_count = 0;  ///< at the last look
    std::uint64_t seen_look = 0;
  };

  /// Takes a look of CLOCK_BOOTTIME `boot_ns`; null if there was nothing to read. `step` is when it was due after
  /// the last: what is much later leaves a gap.
  void Add(const shm::Snapshot* snapshot, std::int64_t boot_ns, std::chrono::nanoseconds step = kStep);

  const RingTable& table() const { return room_.table; }
  using Families = std::map<std::string, Family, std::less<>>;
  const Families& families() const { return families_; }

  // What the last look saw and did not keep.
  std::uint64_t families_left_out() const { return families_left_out_; }
  std::uint64_t series_left_out() const { return series_left_out_; }

 private:
  using Id = std::array<std::uint8_t, 16>;

  void BeginColumn(std::int64_t boot_ns, std::chrono::nanoseconds step, bool is_break);
  void MatchFamilies(const shm::Snapshot& snapshot);
  Family* FindOrKeep(const shm::FamilySnapshot& shown);
  Family* Keep(const shm::FamilySnapshot& shown);
  void GiveUp(Families::iterator entry);
  void NoteTotal(const shm::Snapshot& snapshot, const shm::FamilySnapshot& shown, const Family& family);
  void ShareOut(const shm::Snapshot& snapshot);
  void NoteSeries(const shm::Snapshot& snapshot, bool moved);
  void ForgetGone();

  HistoryRoom room_;
  Families families_;
  std::size_t total_rows_ = 0;
  std::size_t bucket_rows_ = 0;
  ActivityScan scan_;
  /// For each family of the present snapshot the kept one; null if it is left out.
  std::vector<Family*> matches_;
  std::uint64_t look_ = 0;  ///< counts columns
  std::optional<Id> segment_;
  std::uint64_t families_left_out_ = 0;
  std::uint64_t series_left_out_ = 0;
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_HISTORY_H_
