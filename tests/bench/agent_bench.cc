// The agent as Prometheus sees it: a process, scraped over HTTP. Also the memory that series take in it and
// in the segment.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include "shmetrics/histogram.h"
#include "tests/bench/http_scrape.h"
#include "tests/bench/scraped_segment.h"
#include "tests/bench/workload.h"
#include "tests/support/agent.h"

namespace shmetrics::bench {
namespace {

/// A segment, and an agent for it.
struct Served {
  explicit Served(std::uint32_t series) : segment(series), agent(SHMETRICS_AGENT, segment.path()) {}

  /// With `series` series; made at the first call.
  static Served& Of(std::int64_t series) {
    static std::map<std::int64_t, Served> served;
    return served.try_emplace(series, static_cast<std::uint32_t>(series)).first->second;
  }

  ScrapedSegment segment;
  testing::Agent agent;
};

void ScrapeHttp(benchmark::State& state, Encoding encoding) {
  MeasureCurl(state, Served::Of(state.range(0)).agent.port(), encoding);
}

double ResidentBytesOf(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;) {
    double kib = 0;
    if (word == "RssAnon:" && status >> kib) return kib * 1024;
  }
  return 0;
}

/// The memory of a counter with two labels: in the segment, for all processes together, and in an agent that
/// was scraped.
void MemoryOfCounters(benchmark::State& state) {
  Served& served = Served::Of(state.range(0));
  for (auto _ : state) served.agent.Get();
  state.counters["bytes_per_series"] = served.segment.BytesPerSeries();
  state.counters["agent_bytes"] = ResidentBytesOf(served.agent.process().pid());
}

/// The memory of a histogram with ten bounds.
void MemoryOfHistograms(benchmark::State& state) {
  const auto series = static_cast<std::uint32_t>(state.range(0));
  const ScratchRegistry scratch(series);
  const HistogramFamily family = scratch.registry.histogram(
      {.name = "bench_duration_seconds", .labels = {"method", "path"}}, kArbitraryBounds);
  for (auto _ : state) {
    for (std::uint32_t i = 0; i < series; i++) family.with({"GET", PathOf(i)}).observe(0.1);
  }
  auto segment = shm::Segment::Attach(scratch.path, shm::Segment::Access::kReadOnly);
  if (!segment.ok()) return state.SkipWithError("no segment");
  state.counters["bytes_per_series"] = static_cast<double>(segment.value()->CommittedBytes()) / series;
}

BENCHMARK_CAPTURE(ScrapeHttp, , Encoding::kIdentity)
    ->Name("scrape_http/identity")
    ->Arg(100'000)
    ->UseManualTime();
BENCHMARK_CAPTURE(ScrapeHttp, , Encoding::kGzip)->Name("scrape_http/gzip")->Arg(100'000)->UseManualTime();
BENCHMARK_CAPTURE(ScrapeHttp, , Encoding::kIdentity)
    ->Name("scrape_http/identity")
    ->Arg(1'000'000)
    ->UseManualTime();
BENCHMARK_CAPTURE(ScrapeHttp, , Encoding::kGzip)->Name("scrape_http/gzip")->Arg(1'000'000)->UseManualTime();
BENCHMARK(MemoryOfCounters)->Name("memory/counter")->Arg(100'000)->Arg(1'000'000)->Iterations(1);
BENCHMARK(MemoryOfHistograms)->Name("memory/histogram")->Arg(10'000)->Iterations(1);

}  // namespace
}  // namespace shmetrics::bench
