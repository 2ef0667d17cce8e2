#ifndef SHMETRICS_TESTS_BENCH_SCRAPED_SEGMENT_H_
#define SHMETRICS_TESTS_BENCH_SCRAPED_SEGMENT_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "shm/snapshot/snapshot_reader.h"
#include "shmetrics/counter.h"
#include "shmetrics/gauge.h"
#include "tests/bench/scratch_registry.h"
#include "tests/support/child.h"

namespace shmetrics::bench {

/// A segment of `series` counters of the workload, and a reader of it.
class ScrapedSegment {
 public:
  /// `cpus`: as for a ScratchRegistry.
  explicit ScrapedSegment(std::uint32_t series, int cpus = 0);

  std::uint32_t series() const { return series_; }
  const std::string& path() const { return scratch_.path; }
  std::uint32_t stripe_count() const { return reader_->segment().header().stripe_count; }
  const std::vector<Counter>& handles() const { return handles_; }
  /// What the segment has committed of memory, divided among the series.
  double BytesPerSeries();

  /// Workers that add 1 to each series, set a gauge, and live on as long as this object.
  void AddWorkers(int count);
  /// The same, killed, a hundred at a time.
  void KillWorkers(int count);

  /// As the agent does it: the snapshot's memory is used again, the body is a new string each time.
  std::string Body();

 private:
  testing::Child StartWorker();

  std::uint32_t series_;
  ScratchRegistry scratch_;
  CounterFamily family_;
  GaugeFamily up_;
  std::vector<Counter> handles_;
  std::unique_ptr<shm::SnapshotReader> reader_;
  shm::Snapshot snapshot_{};
  std::list<testing::Child> workers_;
};

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_SCRAPED_SEGMENT_H_
