// A real Prometheus scrapes the agent and is asked what it saw. Also fault 34: its parser decides.

#include "tests/support/prometheus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using nlohmann::json;
using testing::Agent;
using testing::Child;
using ::testing::IsEmpty;
using testing::Prometheus;
using testing::SharedPage;
using testing::WaitUntil;

const std::vector<std::string> kHostileValues = {
    "quote\"quote",
    "line\nfeed",
    "back\\slash",
    "\\n is not a line feed",
    "\x1b[31mred",
    "tab\tand\rreturn",
    "Grüße, 世界 🎧",
    "",
    " ",
    "} 42\n# TYPE evil counter",
    "\\",
    "\"",
};
const std::string kHostileHelp =
    "A \"quoted\" word, a \\ and\na second line: \x1b[31m Grüße # TYPE x counter";

class PrometheusTest : public testing::RegistryFixture {
 protected:
  static constexpr int kWorkers = 3;
  static constexpr std::uint64_t kEach = 100'000;

  /// A worker that counts while it is scraped, by the numbers that the test expects, and then lives on.
  Child StartWorker(int number) {
    return Child([this, number] {
      Registry& registry = Open();
      const std::string name = std::to_string(number);
      const Counter own =
          registry
              .counter({.name = "http_requests_total", .help = "HTTP requests.", .labels = {"worker_number"}})
              .with({name});
      const FractionalCounter cost =
          registry.fractional_counter({.name = "cost_total", .help = "Cost."}).with({});
      const Histogram latency =
          registry
              .histogram({.name = "latency_seconds", .help = "Latency.", .unit = "seconds"}, {0.1, 0.5, 2})
              .with({});
      registry.gauge({.name = "queue_depth", .help = "Jobs waiting."}).set(number + 1);
      registry.gauge({.name = "worker_load_ratio", .help = "Load."}, GaugeMode::per_worker).set(0.5);
      for (std::uint64_t i = 0; i < kEach; i++) {
        own.inc();
        cost.inc(0.25);
        latency.observe(i % 2 == 0 ? 0.25 : 1);
      }
      ++*finished_;
      while (true) pause();
    });
  }

  SharedPage<std::atomic<int>> finished_;
};

TEST_F(PrometheusTest, ItsQueriesReturnTheNumbersThatTheWorkersKnow) {
  const Agent agent(SHMETRICS_AGENT, segment_);
  const Prometheus prometheus(agent);
  std::vector<Child> workers;
  for (int i = 0; i < kWorkers; i++) workers.push_back(StartWorker(i));
  WaitUntil([&] { return *finished_ == kWorkers; });

  const double total = kWorkers * kEach;
  WaitUntil([&] { return prometheus.Value("sum(http_requests_total)") == total; });
  EXPECT_EQ(prometheus.Value("up{job=\"shmetrics\"}"), 1.0);
  EXPECT_EQ(prometheus.Value("shmetrics_up"), 1.0);
  EXPECT_EQ(prometheus.Query("http_requests_total").size(), std::size_t{kWorkers});
  EXPECT_EQ(prometheus.Value("http_requests_total{worker_number=\"1\"}"), kEach);
  EXPECT_EQ(prometheus.Value("cost_total"), 0.25 * total);
  EXPECT_EQ(prometheus.Value("queue_depth"), 1.0 + 2 + 3);
  EXPECT_EQ(prometheus.Query("worker_load_ratio").size(), std::size_t{kWorkers});
  EXPECT_EQ(prometheus.Value("latency_seconds_count"), total);
  EXPECT_EQ(prometheus.Value("latency_seconds_sum"), total / 2 * 0.25 + total / 2 * 1);
  EXPECT_EQ(prometheus.Value("latency_seconds_bucket{le=\"0.1\"}"), 0.0);
  EXPECT_EQ(prometheus.Value("latency_seconds_bucket{le=\"0.5\"}"), total / 2);
  EXPECT_EQ(prometheus.Value("latency_seconds_bucket{le=\"2.0\"}"), total) << "le as OpenMetrics writes it";
  EXPECT_EQ(prometheus.Value("latency_seconds_bucket{le=\"+Inf\"}"), total);

  workers[1].Kill();
  WaitUntil([&] { return prometheus.Value("queue_depth") == 1.0 + 3; });
  EXPECT_EQ(prometheus.Value("sum(http_requests_total)"), total);
}

// Fault 34.
TEST_F(PrometheusTest, HostileLabelValuesAndHelpArriveAsTheyWere) {
  Registry& registry = Open();
  const CounterFamily hostile =
      registry.counter({.name = "hostile_total", .help = kHostileHelp, .labels = {"value", "number"}});
  for (std::size_t i = 0; i < kHostileValues.size(); i++) {
    const std::string number = std::to_string(i);
    hostile.with({kHostileValues[i], number}).inc(i + 1);
  }
  const Agent agent(SHMETRICS_AGENT, segment_);
  const Prometheus prometheus(agent);
  WaitUntil([&] { return prometheus.Query("up").size() == 1; });
  ASSERT_EQ(prometheus.Value("up"), 1.0) << prometheus.Ask("/api/v1/targets").dump();
  const json series = prometheus.Query("hostile_total");
  EXPECT_EQ(series.size(), kHostileValues.size());
  for (const json& one : series) {
    const std::size_t i = std::stoul(one["metric"]["number"].get<std::string>());
    // Prometheus drops labels with an empty value.
    EXPECT_EQ(one["metric"].value("value", ""), kHostileValues[i]);
    EXPECT_EQ(one["value"][1], std::to_string(i + 1));
  }
  EXPECT_EQ(prometheus.Ask("/api/v1/metadata?metric=hostile")["hostile"][0]["help"], kHostileHelp);
  EXPECT_EQ(prometheus.Query("evil"), json::array());
}

TEST_F(PrometheusTest, PromtoolHasNoComplaintsAboutAScrape) {
  std::vector<Child> workers;
  for (int i = 0; i < kWorkers; i++) workers.push_back(StartWorker(i));
  WaitUntil([&] { return *finished_ == kWorkers; });
  Registry& registry = Open();
  registry.gauge({.name = "temperature_celsius", .help = kHostileHelp, .labels = {"room"}}, GaugeMode::last)
      .with({kHostileValues[0]})
      .set(21.5);
  const Agent agent(SHMETRICS_AGENT, segment_);
  const testing::Ended checked = testing::RunProgram({"promtool", "check", "metrics"}, agent.Get().text());
  EXPECT_EQ(checked.code, 0) << "scripts/setup --tests installs promtool";
  EXPECT_THAT(checked.output, IsEmpty());
  EXPECT_THAT(checked.errors, IsEmpty());
}

TEST_F(PrometheusTest, PromtoolHasNoComplaintsAboutAnAgentThatWaits) {
  const Agent agent(SHMETRICS_AGENT, segment_);
  const testing::Ended checked = testing::RunProgram({"promtool", "check", "metrics"}, agent.Get().text());
  EXPECT_EQ(checked.code, 0) << checked.errors;
  EXPECT_THAT(checked.errors, IsEmpty());
}

}  // namespace
}  // namespace shmetrics
