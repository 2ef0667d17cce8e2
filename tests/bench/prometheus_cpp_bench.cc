// The same with prometheus-cpp, used as its users do: families and metrics of one registry in one process.

#include <benchmark/benchmark.h>
#include <malloc.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/http_scrape.h"
#include "tests/bench/partners.h"
#include "tests/bench/repeat.h"
#include "tests/bench/workload.h"

namespace shmetrics::bench {
namespace {

using Count = benchmark::IterationCount;

prometheus::Registry& Families() {
  static prometheus::Registry registry;
  return registry;
}

// Not inlined, like those of shmetrics.
[[gnu::noinline]] void IncrementOnce(prometheus::Counter& counter) { counter.Increment(); }
[[gnu::noinline]] void ObserveOnce(prometheus::Histogram& histogram, double value) {
  histogram.Observe(value);
}

prometheus::Counter& WholeCounter() {
  static prometheus::Counter& counter =
      prometheus::BuildCounter().Name("bench_total").Register(Families()).Add({{"kind", "whole"}});
  return counter;
}

void Increment(benchmark::State& state) {
  prometheus::Counter& counter = WholeCounter();
  Repeat(state, [&] { IncrementOnce(counter); });
}

void IncrementTogether(benchmark::State& state) {
  prometheus::Counter& counter = WholeCounter();
  MeasureTogether(state, PartnerKind::kThread, [&](Count count) {
    for (Count i = 0; i < count; i++) IncrementOnce(counter);
  });
}

prometheus::Histogram& HistogramOf(const char* name, const std::vector<double>& bounds) {
  return prometheus::BuildHistogram().Name(name).Register(Families()).Add({{"kind", "random"}}, bounds);
}

void Observe(benchmark::State& state, const std::vector<double>& bounds) {
  static int number = 0;
  prometheus::Histogram& histogram = HistogramOf(("bench_" + std::to_string(number++)).c_str(), bounds);
  const double* values = RandomValues().data();
  std::size_t next = 0;
  Repeat(state, [&] { ObserveOnce(histogram, values[next++ % kValues]); });
}

void ObserveTogether(benchmark::State& state) {
  prometheus::Histogram& histogram = HistogramOf("bench_together", kArbitraryBounds);
  const double* values = RandomValues().data();
  MeasureTogether(state, PartnerKind::kThread, [&](Count count) {
    for (Count i = 0; i < count; i++) ObserveOnce(histogram, values[static_cast<std::size_t>(i) % kValues]);
  });
}

prometheus::Family<prometheus::Counter>& JobsOfKnownUsers() {
  static prometheus::Family<prometheus::Counter>& family = []() -> auto& {
    auto& jobs = prometheus::BuildCounter().Name("bench_jobs_total").Register(Families());
    for (const LabelSet& set : LabelSets()) jobs.Add({{"user_id", set[0]}, {"job", set[1]}}).Increment();
    return jobs;
  }
  ();
  return family;
}

void LookUpHot(benchmark::State& state) {
  auto& family = JobsOfKnownUsers();
  const LabelSet& set = LabelSets().front();
  for (auto _ : state) family.Add({{"user_id", set[0]}, {"job", set[1]}}).Increment();
}

void LookUpRandom(benchmark::State& state) {
  auto& family = JobsOfKnownUsers();
  const LabelSet* const* keys = RandomKeys().data();
  std::size_t next = 0;
  for (auto _ : state) {
    const LabelSet& set = *keys[next++ % kValues];
    family.Add({{"user_id", set[0]}, {"job", set[1]}}).Increment();
  }
}

void LookUpTogether(benchmark::State& state) {
  auto& family = JobsOfKnownUsers();
  const LabelSet& set = LabelSets().front();
  MeasureTogether(state, PartnerKind::kThread, [&](Count count) {
    for (Count i = 0; i < count; i++) family.Add({{"user_id", set[0]}, {"job", set[1]}}).Increment();
  });
}

std::shared_ptr<prometheus::Registry> RegistryOf(std::uint32_t series) {
  auto registry = std::make_shared<prometheus::Registry>();
  auto& family = prometheus::BuildCounter()
                     .Name("bench_requests_total")
                     .Help("Requests, by method and path.")
                     .Register(*registry);
  for (std::uint32_t i = 0; i < series; i++) {
    family.Add({{"method", "GET"}, {"path", PathOf(i)}}).Increment(static_cast<double>(ValueOf(i)));
  }
  return registry;
}

/// With `series` series; made at the first call.
const std::shared_ptr<prometheus::Registry>& Made(std::int64_t series) {
  static std::map<std::int64_t, std::shared_ptr<prometheus::Registry>> registries;
  std::shared_ptr<prometheus::Registry>& made = registries[series];
  if (made == nullptr) made = RegistryOf(static_cast<std::uint32_t>(series));
  return made;
}

void Scrape(benchmark::State& state) {
  const auto& registry = Made(state.range(0));
  const prometheus::TextSerializer serializer;
  for (auto _ : state) benchmark::DoNotOptimize(serializer.Serialize(registry->Collect()).data());
}

void ScrapeHttp(benchmark::State& state, Encoding encoding) {
  // Its exposer always compresses if asked to, like our agent.
  static prometheus::Exposer exposer("127.0.0.1:0");
  static const std::shared_ptr<prometheus::Registry> registry = [&] {
    const auto& made = Made(state.range(0));
    exposer.RegisterCollectable(made);
    return made;
  }();
  MeasureCurl(state, exposer.GetListeningPorts().front(), encoding);
}

/// The heap memory of a counter with two labels.
void MemoryOfCounters(benchmark::State& state) {
  const auto heap = [] {
    const struct mallinfo2 info = mallinfo2();
    return static_cast<double>(info.uordblks + info.hblkhd);
  };
  const double before = heap();
  std::shared_ptr<prometheus::Registry> registry;
  for (auto _ : state) registry = RegistryOf(static_cast<std::uint32_t>(state.range(0)));
  state.counters["bytes_per_series"] = (heap() - before) / static_cast<double>(state.range(0));
}

BENCHMARK(Increment)->Name("increment");
BENCHMARK(IncrementTogether)->Name("increment/threads:2")->UseManualTime();
BENCHMARK_CAPTURE(Observe, , kArbitraryBounds)->Name("observe");
BENCHMARK_CAPTURE(Observe, , ExponentialBounds())->Name("observe_exponential");
BENCHMARK(ObserveTogether)->Name("observe/threads:2")->UseManualTime();
BENCHMARK(LookUpHot)->Name("look_up/hot");
BENCHMARK(LookUpRandom)->Name("look_up/random");
BENCHMARK(LookUpTogether)->Name("look_up/threads:2")->UseManualTime();
BENCHMARK(Scrape)->Name("scrape")->Arg(1'000)->Arg(10'000)->Arg(100'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(ScrapeHttp, , Encoding::kIdentity)
    ->Name("scrape_http/identity")
    ->Arg(100'000)
    ->UseManualTime();
BENCHMARK_CAPTURE(ScrapeHttp, , Encoding::kGzip)->Name("scrape_http/gzip")->Arg(100'000)->UseManualTime();
BENCHMARK(MemoryOfCounters)->Name("memory/counter")->Arg(100'000)->Iterations(1);

}  // namespace
}  // namespace shmetrics::bench
