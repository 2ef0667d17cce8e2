#ifndef SHMETRICS_TESTS_SOAK_METRICS_H_
#define SHMETRICS_TESTS_SOAK_METRICS_H_

#include <array>
#include <cstdint>
#include <string>

#include "shmetrics/registry.h"
#include "tests/soak/accounts.h"

namespace shmetrics::soak {

/// The families that every worker uses, and handles to the series that exist from the start.
struct Metrics {
  explicit Metrics(Registry& registry)
      : jobs(registry.counter({.name = "soak_jobs_total", .labels = {"job"}})),
        minutes(registry.fractional_counter({.name = "soak_minutes_total", .labels = {"job"}})),
        latency(registry.histogram({.name = "soak_seconds", .labels = {"job"}},
                                   Buckets(kBounds.begin(), kBounds.end()))),
        visits(registry.counter({.name = "soak_visits_total", .labels = {"visitor"}})),
        alive(registry.gauge({.name = "soak_alive"}, GaugeMode::sum)),
        newest(registry.gauge({.name = "soak_newest"}, GaugeMode::max)),
        incarnation(registry.gauge({.name = "soak_incarnation"}, GaugeMode::per_worker)),
        streams(registry.lease_gauge({.name = "soak_streams", .labels = {"incarnation"}})),
        places(registry.lease_gauge({.name = "soak_places", .labels = {"key"}})) {
    TakeHandles();
  }

  /// Looks the series up again, in the new segment if there is one.
  void TakeHandles() {
    for (std::uint32_t i = 0; i < kJobs; i++) job[i] = jobs.with({std::to_string(i)});
    for (std::uint32_t i = 0; i < kMinutes; i++) job_minutes[i] = minutes.with({std::to_string(i)});
    for (std::uint32_t i = 0; i < kLatencies; i++) job_latency[i] = latency.with({std::to_string(i)});
  }

  CounterFamily jobs;
  FractionalCounterFamily minutes;
  HistogramFamily latency;
  CounterFamily visits;
  GaugeFamily alive, newest, incarnation;
  LeaseGaugeFamily streams, places;
  std::array<Counter, kJobs> job;
  std::array<FractionalCounter, kMinutes> job_minutes;
  std::array<Histogram, kLatencies> job_latency;
};

}  // namespace shmetrics::soak

#endif  // SHMETRICS_TESTS_SOAK_METRICS_H_
