#ifndef SHMETRICS_TESTS_BENCH_PARTNERS_H_
#define SHMETRICS_TESTS_BENCH_PARTNERS_H_

#include <benchmark/benchmark.h>

#include <functional>

namespace shmetrics::bench {

/// What the partners are that do an operation at the same time.
enum class PartnerKind { kThread, kProcess };

/// Measures how long one `operation` takes each of two partners, on a CPU each, while the other does the
/// same. Uses wall time, because they make each other wait for memory. The case must be registered with
/// UseManualTime().
///
/// `run` does the given number of operations in a loop of its own, so that the compiler can optimise it.
void MeasureTogether(benchmark::State& state, PartnerKind kind,
                     const std::function<void(benchmark::IterationCount)>& run);

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_PARTNERS_H_
