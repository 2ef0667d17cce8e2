#ifndef SHMETRICS_TESTS_SUPPORT_SNAPSHOT_BUILDER_H_
#define SHMETRICS_TESTS_SUPPORT_SNAPSHOT_BUILDER_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::testing {

/// Makes a snapshot by hand, without a segment. Families are added in the order of their names.
class SnapshotBuilder {
 public:
  shm::Snapshot snapshot{};

  SnapshotBuilder() { snapshot.keep_alive.push_back(texts_); }
  SnapshotBuilder(SnapshotBuilder&&) = default;

  SnapshotBuilder& Family(const std::string& name, shm::layout::MetricType type,
                          shm::layout::GaugeMode mode = shm::layout::GaugeMode::kNone,
                          const std::vector<double>& bounds = {}) {
    shm::FamilySnapshot family{};
    family.name = Keep(name);
    family.help = "Help.";
    family.type = type;
    family.gauge_mode = mode;
    family.bounds = bounds_.emplace_back(bounds);
    snapshot.families.push_back(std::move(family));
    return *this;
  }
  SnapshotBuilder& Counter(const std::string& labels, std::uint64_t value) {
    Series(labels).integer = value;
    return *this;
  }
  SnapshotBuilder& Number(const std::string& labels, double value, std::int32_t worker = -1) {
    shm::SeriesSnapshot& series = Series(labels);
    series.number = value;
    series.worker = worker;
    return *this;
  }
  SnapshotBuilder& Histogram(const std::string& labels, const std::vector<shm::BucketSnapshot>& buckets) {
    Series(labels).first_bucket = static_cast<std::uint32_t>(snapshot.buckets.size());
    snapshot.buckets.insert(snapshot.buckets.end(), buckets.begin(), buckets.end());
    return *this;
  }
  /// Keeps `text` as long as the snapshot does.
  std::string_view Keep(const std::string& text) { return texts_->emplace_back(text); }
  /// Adds to the last series, in the order of the buckets.
  SnapshotBuilder& Exemplar(std::uint32_t bucket, const std::string& labels, double value,
                            std::int64_t unix_ns) {
    shm::SeriesSnapshot& series = snapshot.families.back().series.back();
    if (series.exemplar_count++ == 0)
      series.first_exemplar = static_cast<std::uint32_t>(snapshot.exemplars.size());
    snapshot.exemplars.push_back({bucket, labels, value, unix_ns});
    return *this;
  }
  /// Sets it for the last series.
  SnapshotBuilder& Created(std::int64_t unix_ns) {
    snapshot.families.back().series.back().created_unix_ns = unix_ns;
    return *this;
  }

 private:
  shm::SeriesSnapshot& Series(const std::string& labels) {
    shm::FamilySnapshot& family = snapshot.families.back();
    ++family.registered_series;
    std::string& text = texts_->emplace_back(family.name);
    if (!labels.empty()) text += '{' + labels + '}';
    shm::SeriesSnapshot series{};
    series.name_and_labels = text;
    series.name_bytes = static_cast<std::uint32_t>(family.name.size());
    series.worker = -1;
    return family.series.emplace_back(series);
  }

  std::shared_ptr<std::deque<std::string>> texts_ = std::make_shared<std::deque<std::string>>();
  std::deque<std::vector<double>> bounds_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_SNAPSHOT_BUILDER_H_
