// What the agent does when Prometheus asks, without HTTP: read the segment and write the text.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/exposition/exposition.h"
#include "shm/segment.h"
#include "shm/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/bench/scratch_registry.h"

namespace shmetrics::bench {
namespace {

/// A segment of `series` counters with two labels, of about 75 bytes a line, and a reader of it.
class Scrape {
 public:
  explicit Scrape(std::uint32_t series) : scratch_(series) {
    const CounterFamily family = scratch_.registry.counter({.name = "bench_requests_total",
                                                            .help = "Requests, by method and path.",
                                                            .labels = {"method", "path"}});
    for (std::uint32_t i = 0; i < series; i++) {
      char path[32];
      std::snprintf(path, sizeof path, "/api/v1/item/%07u", i);
      family.with({"GET", path}).inc(i * 7919ULL % 10'000'000);
    }
    auto segment = shm::Segment::Attach(scratch_.path, shm::Segment::Access::kReadOnly);
    if (segment.ok()) reader_ = std::make_unique<shm::SnapshotReader>(std::move(segment.value()));
  }

  /// Of the given size; made when first asked for.
  static Scrape& Of(std::int64_t series) {
    static std::map<std::int64_t, Scrape> scrapes;
    return scrapes.try_emplace(series, static_cast<std::uint32_t>(series)).first->second;
  }

  /// As the agent does it: the snapshot's memory is used again, the body is a new string each time.
  std::string Body() {
    std::string body;
    if (reader_ == nullptr) return body;
    reader_->Read(&snapshot_);
    const shm::Snapshot* const snapshot = &snapshot_;
    agent::WriteExposition({&snapshot, 1}, {}, false, &body);
    return body;
  }

 private:
  ScratchRegistry scratch_;
  std::unique_ptr<shm::SnapshotReader> reader_;
  shm::Snapshot snapshot_{};
};

void ScrapeBody(benchmark::State& state) {
  Scrape& scrape = Scrape::Of(state.range(0));
  if (scrape.Body().size() < 70 * static_cast<std::size_t>(state.range(0))) {
    state.SkipWithError("the scrape lacks series");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(scrape.Body().data());
}

/// Of the body of a scrape just made. A copy in a loop of its own finds both its buffers in the cache, through
/// which a scrape, whoever makes it, has to bring cells, texts and a body; this one finds what a scrape
/// leaves.
void CopyAfterScrape(benchmark::State& state) {
  Scrape& scrape = Scrape::Of(state.range(0));
  std::vector<char> copy(scrape.Body().size());
  for (auto _ : state) {
    state.PauseTiming();
    const std::string body = scrape.Body();
    state.ResumeTiming();
    std::memcpy(copy.data(), body.data(), body.size());
    benchmark::ClobberMemory();
  }
}

void CopyBody(benchmark::State& state) {
  const std::string body = Scrape::Of(state.range(0)).Body();
  std::vector<char> copy(body.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), body.data(), body.size());
    benchmark::ClobberMemory();
  }
}

BENCHMARK(ScrapeBody)->Name("scrape")->Arg(1'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(1'000);
BENCHMARK(ScrapeBody)->Name("scrape")->Arg(10'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(10'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(100'000);
BENCHMARK(ScrapeBody)->Name("scrape")->Arg(100'000);
BENCHMARK(CopyAfterScrape)->Name("memcpy_after")->Arg(100'000);

}  // namespace
}  // namespace shmetrics::bench
