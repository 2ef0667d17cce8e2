#ifndef SHMETRICS_TESTS_BENCH_PARTNERS_H_
#define SHMETRICS_TESTS_BENCH_PARTNERS_H_

#include <benchmark/benchmark.h>

#include <functional>

namespace shmetrics::bench {

/// How those are made who do an operation at the same time.
enum class PartnerKind { kThread, kProcess };

/// Measures what one `operation` takes each of two partners, on a CPU each, while the other does the same: by the wall's
/// clock, since what they do to each other is waiting for memory. The case must have been registered with UseManualTime().
///
/// `run` does so many operations in a loop of its own, which the compiler can see through.
void MeasureTogether(benchmark::State& state, PartnerKind kind,
                     const std::function<void(benchmark::IterationCount)>& run);

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_PARTNERS_H_
