#include "tests/bench/scraped_segment.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "agent/exposition/exposition.h"
#include "shm/segment/segment.h"
#include "shmetrics/gauge.h"
#include "tests/bench/workload.h"
#include "tests/support/shared_page.h"

namespace shmetrics::bench {

ScrapedSegment::ScrapedSegment(std::uint32_t series, int cpus)
    : series_(series),
      scratch_(series + 16, cpus),
      family_(scratch_.registry.counter({.name = "bench_requests_total",
                                         .help = "Requests, by method and path.",
                                         .labels = {"method", "path"}})),
      up_(scratch_.registry.gauge({.name = "bench_workers", .help = "Workers."})) {
  handles_.reserve(series);
  for (std::uint32_t i = 0; i < series; i++) {
    handles_.push_back(family_.with({"GET", PathOf(i)}));
    handles_.back().inc(ValueOf(i));
  }
  auto segment = shm::Segment::Attach(scratch_.path, shm::Segment::Access::kReadOnly);
  if (segment.ok()) reader_ = std::make_unique<shm::SnapshotReader>(std::move(segment.value()));
}

/// Returns when the worker has counted. It is a child of this process, so that it need not look up the series
/// again.
testing::Child ScrapedSegment::StartWorker() {
  const testing::SharedPage<std::atomic<bool>> has_counted;
  testing::Child worker([&] {
    for (const Counter& counter : handles_) counter.inc();
    up_.set(1);
    has_counted->store(true);
    for (;;) pause();
  });
  testing::WaitUntil([&] { return has_counted->load(); });
  return worker;
}

void ScrapedSegment::AddWorkers(int count) {
  for (int i = 0; i < count; i++) workers_.push_back(StartWorker());
}

void ScrapedSegment::KillWorkers(int count) {
  // Kills them in groups, as on a host with that many workers. One after the other they would all take the
  // same slot. Each slot that was ever used costs a scrape some 15 ns.
  constexpr int kCrowd = 100;
  for (int i = 0; i < count; i += kCrowd) {
    std::list<testing::Child> crowd;
    for (int j = i; j < std::min(count, i + kCrowd); j++) crowd.push_back(StartWorker());
  }
}

double ScrapedSegment::BytesPerSeries() {
  Body();
  return static_cast<double>(snapshot_.segment.committed_bytes) / series_;
}

std::string ScrapedSegment::Body() {
  std::string body;
  if (reader_ == nullptr) return body;
  reader_->Read(&snapshot_);
  const shm::Snapshot* const snapshot = &snapshot_;
  agent::WriteExposition({&snapshot, 1}, {}, false, &body);
  return body;
}

}  // namespace shmetrics::bench
