#ifndef SHMETRICS_TESTS_BENCH_HTTP_SCRAPE_H_
#define SHMETRICS_TESTS_BENCH_HTTP_SCRAPE_H_

#include <benchmark/benchmark.h>

namespace shmetrics::bench {

enum class Encoding { kIdentity, kGzip };

/// Measures GET /metrics from this port of 127.0.0.1 with the program curl and its own clock, from before it
/// connects until it has the whole answer. The counter "bytes" is the size of the answer. The case must be
/// registered with UseManualTime().
void MeasureCurl(benchmark::State& state, int port, Encoding encoding);

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_HTTP_SCRAPE_H_
