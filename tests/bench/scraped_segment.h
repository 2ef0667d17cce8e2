#ifndef SHMETRICS_TESTS_BENCH_SCRAPED_SEGMENT_H_
#define SHMETRICS_TESTS_BENCH_SCRAPED_SEGMENT_H_

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot_reader.h"
#include "shmetrics/counter.h"
#include "shmetrics/gauge.h"
#include "tests/bench/scratch_registry.h"
#include "tests/support/child.h"

namespace shmetrics::bench {

/// A segment with `series` counters of the workload, and a reader of it.
class ScrapedSegment {
 public:
  /// `cpus`: as for a ScratchRegistry.
  explicit ScrapedSegment(std::uint32_t series, int cpus = 0);

  std::uint32_t series() const { return series_; }
  const std::string& path() const { return scratch_.path; }
  std::uint32_t stripe_count() const { return reader_->segment().header().stripe_count; }
  const std::vector<Counter>& handles() const { return handles_; }
  /// The committed memory of the segment, divided by its series.
  double BytesPerSeries();

  /// Adds workers that add 1 to each series, set a gauge, and live as long as this object.
  void AddWorkers(int count);
  /// Adds workers that do the same, and kills them, a hundred at a time.
  void KillWorkers(int count);

  /// Scrapes like the agent: reuses the snapshot's memory, but makes a new string for each body.
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
