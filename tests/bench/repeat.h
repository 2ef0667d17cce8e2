#ifndef SHMETRICS_TESTS_BENCH_REPEAT_H_
#define SHMETRICS_TESTS_BENCH_REPEAT_H_

#include <benchmark/benchmark.h>

namespace shmetrics::bench {

/// A turn of the benchmark's own loop costs as much as an addition: do many operations in each.
template <class Operation>
void Repeat(benchmark::State& state, Operation operation) {
  constexpr benchmark::IterationCount kBatch = 128;
  while (state.KeepRunningBatch(kBatch)) {
    for (benchmark::IterationCount i = 0; i < kBatch; i++) {
      operation();
      benchmark::ClobberMemory();
    }
  }
}

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_REPEAT_H_
