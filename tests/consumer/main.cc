// Uses the installed library as the README shows, and tells if it reached its segment.

#include <shmetrics/shmetrics.h>

#include <iostream>

int main() {
  auto& registry = shmetrics::Registry::global();
  auto requests =
      registry.counter({.name = "consumer_requests_total", .help = "Requests.", .labels = {"method"}});
  requests.with({"GET"}).inc();
  auto depth =
      registry.gauge({.name = "consumer_queue_depth", .help = "Jobs waiting."}, shmetrics::GaugeMode::sum);
  depth.set(3);
  auto latency = registry.histogram({.name = "consumer_latency_seconds", .help = "Latency."},
                                    shmetrics::buckets::exponential(0.001, 2.0, 14));
  latency.observe(0.012);

  // The audio front brings third-party libraries with it, which a static consumer must be told of.
  const shmetrics::audio::Quota quota{registry};
  const auto stream = quota.try_start_stream("42");
  if (!stream) {
    std::cout << stream.error().message << "\n";
    return 1;
  }

  const shmetrics::RegistryStatus status = registry.status();
  std::cout << (status.attached ? "attached to " + status.segment : status.error) << "\n";
  return status.attached && status.refusals.empty() ? 0 : 1;
}
