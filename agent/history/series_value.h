#ifndef SHMETRICS_AGENT_HISTORY_SERIES_VALUE_H_
#define SHMETRICS_AGENT_HISTORY_SERIES_VALUE_H_

#include <cstdint>

#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

inline bool IsGauge(const shm::FamilySnapshot& family) {
  return family.type == shm::layout::MetricType::kGauge;
}

/// The number of events that a counter of whole numbers or a histogram has counted.
inline std::uint64_t EventsOf(const shm::Snapshot& snapshot, const shm::FamilySnapshot& family,
                              const shm::SeriesSnapshot& series) {
  return family.type == shm::layout::MetricType::kHistogram
             ? shm::TotalOf(snapshot.BucketsOf(family, series)).count
             : series.integer;
}

/// The one number that a chart draws of a series: its value, or the count of a histogram.
inline double ValueOf(const shm::Snapshot& snapshot, const shm::FamilySnapshot& family,
                      const shm::SeriesSnapshot& series) {
  switch (family.type) {
    case shm::layout::MetricType::kCounter:
    case shm::layout::MetricType::kHistogram:
      return static_cast<double>(EventsOf(snapshot, family, series));
    case shm::layout::MetricType::kFractionalCounter:
    case shm::layout::MetricType::kGauge:
      break;
  }
  return series.number;
}

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_HISTORY_SERIES_VALUE_H_
