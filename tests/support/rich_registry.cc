#include "tests/support/rich_registry.h"

#include <cstddef>
#include <cstdint>
#include <limits>

#include "shmetrics/shmetrics.h"

namespace shmetrics::testing {

const char kHostileHelp[] = "A \"quoted\" word, a \\ and\na second line: \x1b[31m Grüße \\n # TYPE x counter";

const std::vector<std::string>& HostileValues() {
  static const std::vector<std::string> kValues = {
      "quote\"quote",
      "line\nfeed",
      "back\\slash",
      "\\n is not a line feed",
      "\\D is no escape",
      "\x1b[31mred",
      "tab\tand\rreturn",
      "Grüße, 世界 🎧",
      "",
      " ",
      "} 42\n# TYPE evil counter",
      "a # {trace_id=\"x\"} 1",
      "{x=\"y\"}",
      "\\",
      "\"",
      std::string("nul\0byte", 8),
      std::string(3'900, 'x'),
  };
  return kValues;
}

RichRegistryFixture::RichRegistryFixture() {
  Registry& registry = Open();
  const CounterFamily hostile =
      registry.counter({.name = "hostile_total", .help = kHostileHelp, .labels = {"value", "number"}});
  for (std::size_t i = 0; i < HostileValues().size(); i++) {
    hostile.with({HostileValues()[i], std::to_string(i)}).inc(i + 1);
  }
  registry.counter({.name = "big_total"}).inc((std::uint64_t{1} << 53U) + 1);
  registry.gauge({.name = "big_created"}).set(1);
  registry.counter({.name = "jobs_total", .help = "Jobs.", .labels = {"kind"}})
      .with({"a"})
      .inc(2, {{"trace_id", "quote\"back\\slash"}});
  registry.fractional_counter({.name = "cost_euros_total", .help = "Cost.", .unit = "euros"}).inc(0.25);
  const GaugeFamily temperature = registry.gauge(
      {.name = "temperature_celsius", .help = kHostileHelp, .unit = "celsius", .labels = {"room"}},
      GaugeMode::last);
  temperature.with({"cold"}).set(-5.5);
  temperature.with({"lost"}).set(std::numeric_limits<double>::quiet_NaN());
  temperature.with({"hot"}).set(std::numeric_limits<double>::infinity());
  temperature.with({"void"}).set(-std::numeric_limits<double>::infinity());
  registry.gauge({.name = "worker_load_ratio", .help = "Load.", .unit = "percent"}, GaugeMode::per_worker)
      .set(0.5);
  registry.info({.name = "app_info", .help = "What runs."}, {{"version", "1.2.3"}});
  const Histogram latency =
      registry
          .histogram({.name = "latency_seconds", .help = "Latency.", .unit = "seconds", .labels = {"method"}},
                     {0.1, 0.5, 1e6})
          .with({"GET"});
  latency.observe(0.25, {{"trace_id", "4bf9"}, {"span_id", "\n"}});
  latency.observe(2e6, {{"trace_id", "🎧"}});
  latency.observe(0.05);
  registry.histogram({.name = "drift_celsius", .help = "Drift.", .unit = "celsius"}, {-1, 1}).observe(-5);
  registry.gauge({.name = "audio_streaming_active", .labels = {"user_id"}}).with({"1"}).set(3);
  registry.gauge({.name = "audio_jobs_active", .help = "Jobs.", .labels = {"user_id"}}).with({"1"}).set(2);
  registry.counter({.name = "audio_quota_violations_total", .labels = {"type"}})
      .with({"daily_minutes"})
      .inc(7);
}

}  // namespace shmetrics::testing
