#ifndef SHMETRICS_TESTS_BENCH_HTTP_SCRAPE_H_
#define SHMETRICS_TESTS_BENCH_HTTP_SCRAPE_H_

#include <benchmark/benchmark.h>

namespace shmetrics::bench {

enum class Encoding { kIdentity, kGzip };

/// Measures GET /metrics of this port of 127.0.0.1 by the program curl and its own clock, from before it connects until it
/// has all. The counter "bytes" says how much that was. The case must have been registered with UseManualTime().
void MeasureCurl(benchmark::State& state, int port, Encoding encoding);

}  // namespace shmetrics::bench

#endif  // SHMETRICS_TESTS_BENCH_HTTP_SCRAPE_H_
