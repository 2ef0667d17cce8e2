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

/// Makes a snapshot of the agent's own metrics, so that the writers of all exposition formats can write it.
class MetricBuilder {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  MetricBuilder() = default;
  MetricBuilder(const MetricBuilder&) = delete;
  MetricBuilder& operator=(const MetricBuilder&) = delete;

  /// Begins a family; the series added next belong to it. Its unit is the ending of its name. `name`, `help`
  /// and `bounds` must outlive this object.
  void Family(std::string_view name, std::string_view help, shm::layout::MetricType type,
              shm::layout::GaugeMode mode = shm::layout::GaugeMode::kNone,
              std::span<const double> bounds = {});

  /// Adds a series to the family begun last: Integer() to a kCounter, Number() to a kGauge or
  /// kFractionalCounter, Histogram() to a kHistogram.
  void Integer(std::uint64_t value, Labels labels = {});
  void Number(double value, Labels labels = {});
  void Histogram(std::span<const shm::BucketSnapshot> buckets, Labels labels = {});

  // Adds a family with one series, or without one.
  void Counter(std::string_view name, std::string_view help, std::uint64_t value);
  void CounterFamily(std::string_view name, std::string_view help);
  void Gauge(std::string_view name, std::string_view help, double value);
  void GaugeFamily(std::string_view name, std::string_view help);
  /// Adds a gauge with the value 1 whose labels are the information.
  void Info(std::string_view name, std::string_view help, Labels labels);

  const shm::Snapshot& snapshot() const { return snapshot_; }
  shm::Snapshot* mutable_snapshot() { return &snapshot_; }

 private:
  shm::SeriesSnapshot& AddSeries(Labels labels);

  shm::Snapshot snapshot_{};
  std::deque<std::string> texts_;  // the series' texts; a deque, because the snapshot points to them
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_OWN_METRICS_METRIC_BUILDER_H_
