#ifndef SHMETRICS_SHM_LEASES_LATEST_DAYS_H_
#define SHMETRICS_SHM_LEASES_LATEST_DAYS_H_

#include <algorithm>
#include <array>
#include <cstdint>

namespace shmetrics::shm {

/// The three latest of the days that were added. Amounts of these days are kept, because a clock that is wrong
/// for a moment makes another day of the present one.
class LatestDays {
 public:
  void Add(std::int64_t day) {
    if (Contains(day)) return;
    std::int64_t& earliest = *std::ranges::min_element(days_);
    earliest = std::max(earliest, day);
  }
  bool Contains(std::int64_t day) const { return std::ranges::find(days_, day) != days_.end(); }

 private:
  std::array<std::int64_t, 3> days_{INT64_MIN, INT64_MIN, INT64_MIN};
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LATEST_DAYS_H_
