// A call of each kind by which std:: types cross the library's edge, for tests/consumer/standard-libraries.
// Some come before Registry::global(), and some have no std:: type in their own signature.

#include <shmetrics/shmetrics.h>

int main() {
  bool good = shmetrics::Registry::configure({.worker_name = "calls"});
  auto& registry = shmetrics::Registry::global();
  good &= shmetrics::Registry::open({.segment = registry.status().segment}).status().attached;

  const auto bounds = shmetrics::buckets::exponential(0.001, 2.0, 14);
  good &= shmetrics::buckets::linear(0, 1, 3).size() == 3;
  const auto jobs = registry.counter({.name = "calls_total", .labels = {"kind"}});
  jobs.with({"a"}).inc(1, {{"trace_id", "1"}});
  registry.fractional_counter({.name = "calls_seconds_total"}).inc(0.5);
  registry.histogram({.name = "calls_latency_seconds"}, bounds).observe(0.25, {{"trace_id", "1"}});
  registry.gauge({.name = "calls_depth", .labels = {"queue"}}).with({"in"}).set(1);
  good &= registry.info({.name = "calls_build"}, {{"version", "1"}}).ok() && jobs.error().empty();
  shmetrics::Counter().inc();
  shmetrics::Gauge().add(1);

  auto lease =
      registry.lease_gauge({.name = "calls_active", .labels = {"user"}}).try_acquire({"1"}, {.limit = 1});
  good &= lease.ok() && lease->renew() && jobs.remove({"a"});

  const shmetrics::audio::Quota quota{registry, {.config = "/dev/null"}};
  good &= quota.try_start_stream("1").ok() && quota.set_tier("1", shmetrics::audio::Tier::free).ok() &&
          quota.status().warnings.empty();
  return good ? 0 : 1;
}
