#ifndef SHMETRICS_AGENT_SELF_METRICS_H_
#define SHMETRICS_AGENT_SELF_METRICS_H_

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "shm/snapshot.h"

namespace shmetrics::agent {

/// What the agent says of itself and of the segment, as a snapshot of its own, so that every exposition
/// format writes it with the functions it has. All names begin with `shmetrics_`, which workers cannot
/// register.
class SelfMetrics {
 public:
  /// `is_attached`: whether `segment` was read from a segment; otherwise it is empty.
  SelfMetrics(const shm::Snapshot& segment, bool is_attached, std::uint64_t scrapes);
  SelfMetrics(const SelfMetrics&) = delete;
  SelfMetrics& operator=(const SelfMetrics&) = delete;

  const shm::Snapshot& snapshot() const { return snapshot_; }
  shm::Snapshot* mutable_snapshot() { return &snapshot_; }

 private:
  void AddSegment(const shm::SegmentSnapshot& segment);
  void AddWorkers(const shm::Snapshot& segment);
  void AddRefusals(const shm::Snapshot& segment);
  void AddSkipped(const shm::Skipped& skipped);

  void AddFamily(std::string_view name, std::string_view help, shm::layout::MetricType type);
  /// Adds a series to the family added last. `label_value` must need no escaping.
  shm::SeriesSnapshot* AddSeries(std::string_view label_name = {}, std::string_view label_value = {});
  void AddCounter(std::uint64_t value, std::string_view label_name = {}, std::string_view label_value = {});
  void AddGauge(double value, std::string_view label_name = {}, std::string_view label_value = {});

  shm::Snapshot snapshot_{};
  std::deque<std::string> texts_;  ///< of the series; a deque, because the snapshot points to them
};

}  // namespace shmetrics::agent

#endif  // SHMETRICS_AGENT_SELF_METRICS_H_
