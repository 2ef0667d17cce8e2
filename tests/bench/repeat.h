#ifndef SHMETRICS_TESTS_BENCH_REPEAT_H_
#define SHMETRICS_TESTS_BENCH_REPEAT_H_

#include <benchmark/benchmark.h>

namespace shmetrics::bench {

/// Does many operations in each turn of the benchmark's loop, because a turn costs as much as an addition.
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
