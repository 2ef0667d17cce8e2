#include "tests/support/segment_reading.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "shm/segment/segment.h"
#include "shm/snapshot/saturating_sum.h"

namespace shmetrics::testing {

using shm::layout::MetricType;

SegmentReading::SegmentReading(const std::string& path) {
  auto segment = shm::Segment::Attach(path, shm::Segment::Access::kReadOnly);
  if (segment.ok()) {
    reader_.emplace(std::move(segment.value()));
  } else {
    ADD_FAILURE() << segment.error().message;
  }
}

SegmentReading& SegmentReading::Again() {
  series_.clear();
  if (!reader_) return *this;
  reader_->Read(&snapshot_);
  for (const shm::FamilySnapshot& family : snapshot_.families) {
    for (const shm::SeriesSnapshot& series : family.series) {
      series_.emplace(std::string(series.name_and_labels), Place{&family, &series});
    }
  }
  return *this;
}

const shm::SeriesSnapshot* SegmentReading::Find(const std::string& series, MetricType type) const {
  const auto found = series_.find(series);
  if (found == series_.end()) return nullptr;
  EXPECT_EQ(found->second.family->type, type) << series;
  return found->second.series;
}

std::uint64_t SegmentReading::Counter(const std::string& series) const {
  const auto* found = Find(series, MetricType::kCounter);
  return found == nullptr ? 0 : found->integer;
}

double SegmentReading::FractionalCounter(const std::string& series) const {
  const auto* found = Find(series, MetricType::kFractionalCounter);
  return found == nullptr ? 0 : found->number;
}

std::optional<double> SegmentReading::Gauge(const std::string& series) const {
  const auto* found = Find(series, MetricType::kGauge);
  return found == nullptr ? std::nullopt : std::optional(found->number);
}

HistogramReading SegmentReading::Histogram(const std::string& series) const {
  HistogramReading reading;
  const auto* found = Find(series, MetricType::kHistogram);
  if (found == nullptr) return reading;
  const std::size_t buckets = series_.find(series)->second.family->bounds.size() + 1;
  for (std::size_t i = 0; i < buckets; i++) {
    const shm::BucketSnapshot& bucket = snapshot_.buckets[found->first_bucket + i];
    reading.count += bucket.count;
    reading.sum = shm::SaturatingSum(reading.sum, bucket.sum);
    reading.buckets.push_back(bucket.count);
  }
  return reading;
}

std::vector<shm::ExemplarSnapshot> SegmentReading::Exemplars(const std::string& series) const {
  const auto found = series_.find(series);
  if (found == series_.end()) return {};
  const auto first = snapshot_.exemplars.begin() + found->second.series->first_exemplar;
  return {first, first + found->second.series->exemplar_count};
}

std::int64_t SegmentReading::CreatedUnixNs(const std::string& series) const {
  const auto found = series_.find(series);
  return found == series_.end() ? 0 : found->second.series->created_unix_ns;
}

std::vector<double> SegmentReading::PerWorker(const std::string& series) const {
  std::vector<double> values;
  const auto [first, last] = series_.equal_range(series);
  for (auto at = first; at != last; ++at) {
    EXPECT_GE(at->second.series->worker, 0) << series << " is not of mode per_worker";
    values.push_back(at->second.series->number);
  }
  return values;
}

const shm::FamilySnapshot* SegmentReading::Family(const std::string& name) const {
  const auto found = std::ranges::find(snapshot_.families, name, &shm::FamilySnapshot::name);
  return found == snapshot_.families.end() ? nullptr : &*found;
}

std::uint64_t SegmentReading::Refusals(shm::layout::Refusal reason) const {
  return snapshot_.segment.refusals[static_cast<std::size_t>(reason)];
}

std::uint64_t SegmentReading::AliveWorkers() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(snapshot_.workers, &shm::WorkerSnapshot::alive));
}

SegmentReading Read(const std::string& path) {
  SegmentReading reading(path);
  reading.Again();
  return reading;
}

}  // namespace shmetrics::testing
