// What an application does all the time, through handles it has kept, beside the two instructions that such
// things are compared with.

#include <benchmark/benchmark.h>

#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>

#include "shmetrics/shmetrics.h"
#include "tests/bench/repeat.h"
#include "tests/bench/scratch_registry.h"

namespace shmetrics::bench {
namespace {

Registry& Families() {
  static const ScratchRegistry scratch(1'000);
  return scratch.registry;
}

alignas(64) std::uint64_t private_word = 0;

void PlainAdd(benchmark::State& state) {
  std::uint64_t* word = &private_word;
  benchmark::DoNotOptimize(word);
  Repeat(state, [=] { ++*word; });
}

void FetchAdd(benchmark::State& state) {
  std::uint64_t* word = &private_word;
  benchmark::DoNotOptimize(word);
  Repeat(state, [=] { std::atomic_ref<std::uint64_t>(*word).fetch_add(1, std::memory_order_relaxed); });
}

// Not inlined, as if each were the only one in a function of the application: out of a loop the compiler would
// take the choice of the stripe, and measure less than an increment. The references have it easier.
[[gnu::noinline]] void IncrementOnce(const Counter& counter) { counter.inc(); }
[[gnu::noinline]] void IncrementOnce(const FractionalCounter& counter) { counter.inc(0.25); }
[[gnu::noinline]] void ObserveOnce(const Histogram& histogram, double value) { histogram.observe(value); }

void Increment(benchmark::State& state) {
  const Counter counter = Families().counter({.name = "bench_total", .labels = {"kind"}}).with({"whole"});
  Repeat(state, [&] { IncrementOnce(counter); });
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

/// So many that a processor does not learn them by heart.
constexpr std::size_t kValues = 65'536;

std::array<double, kValues> ValuesAcrossBounds() {
  std::array<double, kValues> values;
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> exponent(std::log(0.0005), std::log(5.0));
  for (double& value : values) value = std::exp(exponent(random));
  return values;
}

void Observe(benchmark::State& state) {
  static const std::array<double, kValues> values = ValuesAcrossBounds();
  const Histogram histogram = Families()
                                  .histogram({.name = "bench_duration_seconds", .labels = {"kind"}},
                                             buckets::exponential(0.001, 2.5, 10))
                                  .with({"random"});
  std::size_t next = 0;
  Repeat(state, [&] { ObserveOnce(histogram, values[next++ % kValues]); });
}

void ObserveWithExemplar(benchmark::State& state) {
  const Histogram histogram = Families()
                                  .histogram({.name = "bench_traced_seconds", .labels = {"kind"}},
                                             buckets::exponential(0.001, 2.5, 10))
                                  .with({"traced"});
  Repeat(state, [&] {
    histogram.observe(0.01,
                      {{"trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"}, {"span_id", "00f067aa0ba902b7"}});
  });
}

BENCHMARK(PlainAdd)->Name("plain_add");
BENCHMARK(FetchAdd)->Name("fetch_add");
BENCHMARK(Increment)->Name("increment");
BENCHMARK(FractionalIncrement)->Name("fractional_increment");
BENCHMARK(Observe)->Name("observe");
BENCHMARK(ObserveWithExemplar)->Name("observe_with_exemplar");
BENCHMARK(GaugeSet)->Name("gauge_set");

}  // namespace
}  // namespace shmetrics::bench
