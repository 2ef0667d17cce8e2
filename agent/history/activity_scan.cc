#include "agent/history/activity_scan.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "agent/history/series_value.h"
#include "shm/layout/layout.h"

namespace shmetrics::agent {
namespace {

using shm::FamilySnapshot;
using shm::SeriesSnapshot;
using shm::layout::MetricType;

/// Four bytes of a value: enough to see how much it grew. Whole numbers keep their low bits, so that the growth
/// of a large counter is exact.
std::uint32_t Shortened(const shm::Snapshot& snapshot, const FamilySnapshot& family,
                        const SeriesSnapshot& series) {
  if (family.type == MetricType::kFractionalCounter)
    return std::bit_cast<std::uint32_t>(static_cast<float>(series.number));
  return static_cast<std::uint32_t>(EventsOf(snapshot, family, series));
}

double Growth(const FamilySnapshot& family, std::uint32_t before, std::uint32_t now) {
  if (family.type == MetricType::kFractionalCounter) {
    const double grown = double{std::bit_cast<float>(now)} - double{std::bit_cast<float>(before)};
    return grown > 0 ? grown : 0;  // also for NaN
  }
  return static_cast<double>(now - before);
}

/// NaN cannot be ordered: it comes last.
double Orderable(double value) { return value == value ? value : -std::numeric_limits<double>::infinity(); }

}  // namespace

void ActivityScan::Look(const shm::Snapshot& snapshot, const Take& take) {
  Compare(snapshot, take);
  Remember(snapshot, take);
}

void ActivityScan::Compare(const shm::Snapshot& snapshot, const Take& take) const {
  std::size_t first = 0;
  for (const Run& run : runs_) {
    const std::size_t begin = first;
    first += run.count;
    // When a family or a series has come or gone, some positions mean other series. They are left out this time.
    if (run.family >= snapshot.families.size()) continue;
    const FamilySnapshot& family = snapshot.families[run.family];
    if (family.name.data() != run.family_name || family.series.size() < run.first + run.count) continue;
    if (family.series[run.first].name_and_labels.data() != run.first_text) continue;
    if (family.series[run.first + run.count - 1].name_and_labels.data() != run.last_text) continue;
    for (std::uint32_t i = 0; i < run.count; ++i) {
      const SeriesSnapshot& series = family.series[run.first + i];
      const double value = ValueOf(snapshot, family, series);
      const double grown = Growth(family, values_[begin + i], Shortened(snapshot, family, series));
      take(run.family, {grown, value, run.first + i});
    }
  }
}

void ActivityScan::Remember(const shm::Snapshot& snapshot, const Take& take) {
  values_.clear();
  runs_.clear();
  if (next_family_ >= snapshot.families.size()) next_family_ = next_series_ = 0;
  std::size_t looked_at = 0;
  while (next_family_ < snapshot.families.size() && looked_at < kSliceSeries && runs_.size() < kMaxRuns) {
    const FamilySnapshot& family = snapshot.families[next_family_];
    const std::size_t begin = std::min(next_series_, family.series.size());
    const std::size_t count = std::min(family.series.size() - begin, kSliceSeries - looked_at);
    for (std::size_t i = begin; i < begin + count; ++i) {
      const double value = ValueOf(snapshot, family, family.series[i]);
      take(next_family_,
           {IsGauge(family) ? Orderable(value) : 0, Orderable(value), static_cast<std::uint32_t>(i)});
      if (!IsGauge(family)) values_.push_back(Shortened(snapshot, family, family.series[i]));
    }
    if (count > 0 && !IsGauge(family)) {
      runs_.push_back({next_family_, family.name.data(), static_cast<std::uint32_t>(begin),
                       static_cast<std::uint32_t>(count), family.series[begin].name_and_labels.data(),
                       family.series[begin + count - 1].name_and_labels.data()});
    }
    looked_at += count;
    next_series_ = begin + count;
    if (next_series_ < family.series.size()) break;
    next_family_++;
    next_series_ = 0;
  }
}

}  // namespace shmetrics::agent
