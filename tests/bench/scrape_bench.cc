// What the agent does when Prometheus asks, without HTTP: it reads the segment and writes the text.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "shm/cells.h"
#include "tests/bench/scraped_segment.h"

namespace shmetrics::bench {
namespace {

/// With `series` series; made at the first call.
ScrapedSegment& Of(std::int64_t series) {
  static std::map<std::int64_t, ScrapedSegment> segments;
  return segments.try_emplace(series, static_cast<std::uint32_t>(series)).first->second;
}

void MeasureScrape(benchmark::State& state, ScrapedSegment* segment) {
  const std::size_t bytes = segment->Body().size();
  if (bytes < 70 * std::size_t{segment->series()}) {
    state.SkipWithError("the scrape lacks series");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(segment->Body().data());
  state.counters["bytes"] = static_cast<double>(bytes);
}

void ScrapeBody(benchmark::State& state) { MeasureScrape(state, &Of(state.range(0))); }

/// Copies the body that a scrape just made. A copy in a loop of its own would find both its buffers in the
/// cache. But every scrape must bring cells, texts and a body through the cache, and this copy finds the
/// cache as a scrape leaves it.
void CopyAfterScrape(benchmark::State& state) {
  ScrapedSegment& segment = Of(state.range(0));
  std::vector<char> copy(segment.Body().size());
  for (auto _ : state) {
    state.PauseTiming();
    const std::string body = segment.Body();
    state.ResumeTiming();
    std::memcpy(copy.data(), body.data(), body.size());
    benchmark::ClobberMemory();
  }
}

void CopyBody(benchmark::State& state) {
  const std::string body = Of(state.range(0)).Body();
  std::vector<char> copy(body.size());
  for (auto _ : state) {
    std::memcpy(copy.data(), body.data(), body.size());
    benchmark::ClobberMemory();
  }
}

constexpr std::uint32_t kSeries = 10'000;

/// With that many living workers, all of which have counted in all series.
void ScrapeWorkers(benchmark::State& state) {
  static std::map<std::int64_t, ScrapedSegment> segments;
  const auto [segment, is_new] = segments.try_emplace(state.range(0), kSeries);
  if (is_new) segment->second.AddWorkers(static_cast<int>(state.range(0)));
  MeasureScrape(state, &segment->second);
}

/// With that many workers that have counted, set a gauge and been killed.
void ScrapeAfterDeaths(benchmark::State& state) {
  static std::map<std::int64_t, ScrapedSegment> segments;
  const auto [segment, is_new] = segments.try_emplace(state.range(0), kSeries);
  if (is_new) segment->second.KillWorkers(static_cast<int>(state.range(0)));
  MeasureScrape(state, &segment->second);
}

/// With a segment made on a host with that many CPUs.
void ScrapeStripes(benchmark::State& state) {
  static std::map<std::int64_t, ScrapedSegment> segments;
  const auto [segment, is_new] =
      segments.try_emplace(state.range(0), kSeries, static_cast<int>(state.range(0)));
  if (segment->second.stripe_count() != shm::kAtomicStripes + static_cast<std::uint32_t>(state.range(0)))
    return state.SkipWithError("a host of so many CPUs needs the right to mount");
  MeasureScrape(state, &segment->second);
}

BENCHMARK(ScrapeBody)->Name("scrape")->Arg(1'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(1'000);
BENCHMARK(ScrapeBody)->Name("scrape")->Arg(10'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(10'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(100'000);
BENCHMARK(ScrapeBody)->Name("scrape")->Arg(100'000);
BENCHMARK(CopyAfterScrape)->Name("memcpy_after")->Arg(100'000);
BENCHMARK(ScrapeBody)->Name("scrape")->Arg(1'000'000);
BENCHMARK(CopyBody)->Name("memcpy")->Arg(1'000'000);
BENCHMARK(ScrapeWorkers)->Name("scrape_workers")->Arg(1)->Arg(8)->Arg(32);
BENCHMARK(ScrapeAfterDeaths)->Name("scrape_after_deaths")->Arg(0)->Arg(3'000);
BENCHMARK(ScrapeStripes)->Name("scrape_cpus")->Arg(1)->Arg(2)->Arg(8)->Arg(64)->Arg(256);

}  // namespace
}  // namespace shmetrics::bench
