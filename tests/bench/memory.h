#ifndef SHMETRICS_TESTS_BENCH_MEMORY_H_
#define SHMETRICS_TESTS_BENCH_MEMORY_H_

#include <benchmark/benchmark.h>

#include <functional>

namespace shmetrics::bench {

/// Tells by the counter "bytes_per_series" how much a new process grows, in resident memory, by making so many series.
/// `make` keeps what it makes.
void MeasureResidentBytes(benchmark::State& state, double series, const std::function<void()>& make);

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_MEMORY_H_
