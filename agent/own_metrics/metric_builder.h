#ifndef SHMETRICS_AGENT_OWN_METRICS_METRIC_BUILDER_H_
#define SHMETRICS_AGENT_OWN_METRICS_METRIC_BUILDER_H_

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "shm/snapshot/snapshot.h"

namespace shmetrics::agent {

/// Makes a snapshot of the agent's own metrics, so that every exposition format writes them with the functions it has.
class MetricBuilder {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  MetricBuilder() = default;
  MetricBuilder(const MetricBuilder&) = delete;
  MetricBuilder& operator=(const MetricBuilder&) = delete;

  /// Begins a family, to which what is added next belongs. Its unit is what its name ends in. `name`, `help` and `bounds`
  /// must live as long as this.
  void Family(std::string_view name, std::string_view help, shm::layout::MetricType type,
              shm::layout::GaugeMode mode = shm::layout::GaugeMode::kNone,
              std::span<const double> bounds = {});

  /// A series of the family begun last: of a kCounter; of a kGauge or kFractionalCounter; of a kHistogram.
  void Integer(std::uint64_t value, Labels labels = {});
  void Number(double value, Labels labels = {});
  void Histogram(std::span<const shm::BucketSnapshot> buckets, Labels labels = {});

  // A family of one series, or none yet.
  void Counter(std::string_view name, std::string_view help, std::uint64_t value);
  void CounterFamily(std::string_view name, std::string_view help);
  void Gauge(std::string_view name, std::string_view help, double value);
  void GaugeFamily(std::string_view name, std::string_view help);
  /// A gauge of value 1 that is there for its labels.
  void Info(std::string_view name, std::string_view help, Labels labels);

  const shm::Snapshot& snapshot() const { return snapshot_; }
  shm::Snapshot* mutable_snapshot() { return &snapshot_; }

 private:
  shm::SeriesSnapshot& AddSeries(Labels labels);

  shm::Snapshot snapshot_{};
  std::deque<std::string> texts_;  // of the series; a deque, because the snapshot points to them
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_METRIC_BUILDER_H_
