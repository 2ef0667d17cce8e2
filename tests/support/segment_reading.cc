#include "tests/support/segment_reading.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <utility>

#include "shm/segment/segment.h"
#include "shm/snapshot/bucket_total.h"
#include "shm/snapshot/snapshot_reader.h"

namespace shmetrics::testing {

using shm::layout::MetricType;

struct SegmentReading::Contents {
  struct Place {
    const shm::FamilySnapshot* family;
    const shm::SeriesSnapshot* series;
  };

  const Place* Find(const std::string& name) const {
    const auto found = series.find(name);
    return found == series.end() ? nullptr : &found->second;
  }
  const shm::SeriesSnapshot* Find(const std::string& name, MetricType type) const {
    const Place* found = Find(name);
    if (found == nullptr) return nullptr;
    EXPECT_EQ(found->family->type, type) << name;
    return found->series;
  }

  std::optional<shm::SnapshotReader> reader;
  shm::Snapshot snapshot{};
  std::multimap<std::string, Place> series;
};

SegmentReading::~SegmentReading() = default;
SegmentReading::SegmentReading(SegmentReading&& other) noexcept = default;
SegmentReading& SegmentReading::operator=(SegmentReading&& other) noexcept = default;

SegmentReading::SegmentReading(const std::string& path) : contents_(std::make_unique<Contents>()) {
  auto segment = shm::Segment::Attach(path, shm::Segment::Access::kReadOnly);
  if (segment.ok()) {
    contents_->reader.emplace(std::move(segment.value()));
  } else {
    ADD_FAILURE() << segment.error().message;
  }
}

SegmentReading& SegmentReading::Again() {
  contents_->series.clear();
  if (!contents_->reader) return *this;
  contents_->reader->Read(&contents_->snapshot);
  for (const shm::FamilySnapshot& family : contents_->snapshot.families) {
    for (const shm::SeriesSnapshot& series : family.series) {
      contents_->series.emplace(std::string(series.name_and_labels), Contents::Place{&family, &series});
    }
  }
  return *this;
}

std::uint64_t SegmentReading::Counter(const std::string& series) const {
  const auto* found = contents_->Find(series, MetricType::kCounter);
  return found == nullptr ? 0 : found->integer;
}

double SegmentReading::FractionalCounter(const std::string& series) const {
  const auto* found = contents_->Find(series, MetricType::kFractionalCounter);
  return found == nullptr ? 0 : found->number;
}

std::optional<double> SegmentReading::Gauge(const std::string& series) const {
  const auto* found = contents_->Find(series, MetricType::kGauge);
  return found == nullptr ? std::nullopt : std::optional(found->number);
}

HistogramReading SegmentReading::Histogram(const std::string& series) const {
  HistogramReading reading;
  const auto* found = contents_->Find(series, MetricType::kHistogram);
  if (found == nullptr) return reading;
  const std::span buckets = snapshot().BucketsOf(*contents_->Find(series)->family, *found);
  for (const shm::BucketSnapshot& bucket : buckets) reading.buckets.push_back(bucket.count);
  const shm::BucketSnapshot total = shm::TotalOf(buckets);
  reading.count = total.count;
  reading.sum = total.sum;
  return reading;
}

std::vector<shm::ExemplarSnapshot> SegmentReading::Exemplars(const std::string& series) const {
  const auto* found = contents_->Find(series);
  if (found == nullptr) return {};
  const auto first = snapshot().exemplars.begin() + found->series->first_exemplar;
  return {first, first + found->series->exemplar_count};
}

std::int64_t SegmentReading::CreatedUnixNs(const std::string& series) const {
  const auto* found = contents_->Find(series);
  return found == nullptr ? 0 : found->series->created_unix_ns;
}

bool SegmentReading::Shows(const std::string& series) const { return contents_->Find(series) != nullptr; }

std::vector<double> SegmentReading::PerWorker(const std::string& series) const {
  std::vector<double> values;
  const auto [first, last] = contents_->series.equal_range(series);
  for (auto at = first; at != last; ++at) {
    EXPECT_GE(at->second.series->worker, 0) << series << " is not of mode per_worker";
    values.push_back(at->second.series->number);
  }
  return values;
}

const shm::FamilySnapshot* SegmentReading::Family(const std::string& name) const {
  const auto found = std::ranges::find(snapshot().families, name, &shm::FamilySnapshot::name);
  return found == snapshot().families.end() ? nullptr : &*found;
}

std::uint64_t SegmentReading::Refusals(shm::layout::Refusal reason) const {
  return snapshot().segment.refusals[static_cast<std::size_t>(reason)];
}

std::uint64_t SegmentReading::AliveWorkers() const {
  return static_cast<std::uint64_t>(std::ranges::count_if(snapshot().workers, &shm::WorkerSnapshot::alive));
}

const shm::Snapshot& SegmentReading::snapshot() const { return contents_->snapshot; }

SegmentReading Read(const std::string& path) {
  SegmentReading reading(path);
  reading.Again();
  return reading;
}

}  // namespace shmetrics::testing
