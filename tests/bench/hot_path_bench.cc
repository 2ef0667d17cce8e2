// What an application does most often, through handles it has kept. For comparison, the two instructions that
// such operations are usually compared with.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shmetrics/shmetrics.h"
#include "tests/bench/partners.h"
#include "tests/bench/repeat.h"
#include "tests/bench/scratch_registry.h"
#include "tests/bench/workload.h"
#include "tests/support/shared_page.h"

namespace shmetrics::bench {
namespace {

using Count = benchmark::IterationCount;

Registry& Families() {
  static const ScratchRegistry scratch(1'000);
  return scratch.registry;
}

struct alignas(64) Word {
  std::uint64_t value;
};

Word private_word{};

std::uint64_t* SharedWord() {
  static const testing::SharedPage<Word> word;
  return &word->value;
}

void FetchAddOnce(std::uint64_t* word) {
  std::atomic_ref<std::uint64_t>(*word).fetch_add(1, std::memory_order_relaxed);
}

void PlainAdd(benchmark::State& state) {
  std::uint64_t* word = &private_word.value;
  benchmark::DoNotOptimize(word);
  Repeat(state, [=] { ++*word; });
}

void FetchAdd(benchmark::State& state) {
  std::uint64_t* word = &private_word.value;
  benchmark::DoNotOptimize(word);
  Repeat(state, [=] { FetchAddOnce(word); });
}

void FetchAddTogether(benchmark::State& state, PartnerKind kind) {
  std::uint64_t* word = SharedWord();
  MeasureTogether(state, kind, [word](Count count) {
    for (Count i = 0; i < count; i++) FetchAddOnce(word);
  });
}

// Not inlined, as if each were the only one in a function of the application. The compiler would move
// constant parts out of a loop, and the result would be less than an increment. The references get this
// advantage.
[[gnu::noinline]] void IncrementOnce(const Counter& counter) { counter.inc(); }
[[gnu::noinline]] void IncrementOnce(const FractionalCounter& counter) { counter.inc(0.25); }
[[gnu::noinline]] void ObserveOnce(const Histogram& histogram, double value) { histogram.observe(value); }

Counter WholeCounter() {
  return Families().counter({.name = "bench_total", .labels = {"kind"}}).with({"whole"});
}

void Increment(benchmark::State& state) {
  const Counter counter = WholeCounter();
  Repeat(state, [&] { IncrementOnce(counter); });
}

void IncrementTogether(benchmark::State& state, PartnerKind kind) {
  const Counter counter = WholeCounter();
  MeasureTogether(state, kind, [&](Count count) {
    for (Count i = 0; i < count; i++) IncrementOnce(counter);
  });
}

void FractionalIncrement(benchmark::State& state) {
  const FractionalCounter counter =
      Families().fractional_counter({.name = "bench_seconds_total", .labels = {"kind"}}).with({"fraction"});
  Repeat(state, [&] { IncrementOnce(counter); });
}

void GaugeSet(benchmark::State& state) {
  const Gauge gauge = Families().gauge({.name = "bench_gauge", .labels = {"kind"}}).with({"set"});
  Repeat(state, [&] { gauge.set(1.5); });
}

Histogram HistogramOf(const char* name, const Buckets& bounds) {
  return Families().histogram({.name = name, .labels = {"kind"}}, bounds).with({"random"});
}

Histogram ArbitraryHistogram() { return HistogramOf("bench_duration_seconds", kArbitraryBounds); }
Histogram ExponentialHistogram() { return HistogramOf("bench_wait_seconds", ExponentialBounds()); }

void Observe(benchmark::State& state, Histogram (*make)()) {
  const Histogram histogram = make();
  const double* values = RandomValues().data();
  std::size_t next = 0;
  Repeat(state, [&] { ObserveOnce(histogram, values[next++ % kValues]); });
}

void ObserveTogether(benchmark::State& state, PartnerKind kind) {
  const Histogram histogram = ArbitraryHistogram();
  const double* values = RandomValues().data();
  MeasureTogether(state, kind, [&](Count count) {
    for (Count i = 0; i < count; i++) ObserveOnce(histogram, values[static_cast<std::size_t>(i) % kValues]);
  });
}

void ObserveWithExemplar(benchmark::State& state) {
  const Histogram histogram = HistogramOf("bench_traced_seconds", ExponentialBounds());
  Repeat(state, [&] {
    histogram.observe(0.01,
                      {{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}, {"span_id", "00f067aa0ba902b7"}});
  });
}

BENCHMARK(PlainAdd)->Name("plain_add");
BENCHMARK(FetchAdd)->Name("fetch_add");
BENCHMARK(Increment)->Name("increment");
BENCHMARK_CAPTURE(FetchAddTogether, , PartnerKind::kThread)->Name("fetch_add/threads:2")->UseManualTime();
BENCHMARK_CAPTURE(IncrementTogether, , PartnerKind::kThread)->Name("increment/threads:2")->UseManualTime();
BENCHMARK_CAPTURE(FetchAddTogether, , PartnerKind::kProcess)->Name("fetch_add/processes:2")->UseManualTime();
BENCHMARK_CAPTURE(IncrementTogether, , PartnerKind::kProcess)->Name("increment/processes:2")->UseManualTime();
BENCHMARK(FractionalIncrement)->Name("fractional_increment");
BENCHMARK_CAPTURE(Observe, , ArbitraryHistogram)->Name("observe");
BENCHMARK_CAPTURE(Observe, , ExponentialHistogram)->Name("observe_exponential");
BENCHMARK_CAPTURE(ObserveTogether, , PartnerKind::kThread)->Name("observe/threads:2")->UseManualTime();
BENCHMARK_CAPTURE(ObserveTogether, , PartnerKind::kProcess)->Name("observe/processes:2")->UseManualTime();
BENCHMARK(ObserveWithExemplar)->Name("observe_with_exemplar");
BENCHMARK(GaugeSet)->Name("gauge_set");

}  // namespace
}  // namespace shmetrics::bench
