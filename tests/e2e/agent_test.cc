// The agent starts, stops and follows the segment: faults 26, 29 and 30.

#include "tests/support/agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Agent;
using ::testing::HasSubstr;
using testing::RunInChild;
using testing::Scrape;

class AgentTest : public testing::RegistryFixture {
 protected:
  /// Runs a worker that counts and dies.
  void CountInAWorker(int n) {
    EXPECT_EQ(RunInChild([&] {
                Registry& registry = Open();
                registry.counter({.name = "requests_total"}).inc(n);
                registry.histogram({.name = "latency"}, {1, 2}).observe(n);
              }),
              0);
  }
  static int Status(const Agent& agent, const std::string& path) {
    return testing::Get(agent.port(), path).status;
  }
};

TEST_F(AgentTest, StartsBeforeAnyWorkerWaitsAndThenServes) {
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["shmetrics_up"], 0.0);
  EXPECT_EQ(Status(agent, "/-/healthy"), 200);
  EXPECT_EQ(Status(agent, "/-/ready"), 503);
  EXPECT_FALSE(std::filesystem::exists(segment_)) << "an agent makes no segment";
  CountInAWorker(5);
  EXPECT_EQ(agent.Get()["requests_total"], 5.0);
  EXPECT_EQ(agent.Get()["shmetrics_up"], 1.0);
  EXPECT_EQ(Status(agent, "/-/ready"), 200);
}

TEST_F(AgentTest, MapsTheSegmentForReadingOnly) {
  CountInAWorker(5);
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["requests_total"], 5.0);
  std::ifstream maps("/proc/" + std::to_string(agent.process().pid()) + "/maps");
  int mappings = 0;
  for (std::string line; std::getline(maps, line);) {
    if (!line.ends_with(segment_)) continue;
    EXPECT_THAT(line, HasSubstr(" r--s "));
    mappings++;
  }
  EXPECT_GT(mappings, 0);
}

// Fault 30.
TEST_F(AgentTest, KilledAndRestartedItShowsTheSameTotals) {
  CountInAWorker(5);
  Agent first(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(first.Get()["requests_total"], 5.0);
  const std::uint16_t port = first.port();
  first.process().Kill();
  CountInAWorker(3);
  const Agent second(SHMETRICS_AGENT, segment_, port);
  EXPECT_EQ(second.port(), port) << "the port is free again at once";
  EXPECT_EQ(second.Get()["requests_total"], 8.0);
  EXPECT_EQ(second.Get()["latency_sum"], 8.0);
}

// Fault 29.
TEST_F(AgentTest, TwoAgentsServeTheSameNumbers) {
  const Agent first(SHMETRICS_AGENT, segment_);
  CountInAWorker(5);
  const Agent second(SHMETRICS_AGENT, segment_);
  EXPECT_NE(first.port(), second.port());
  Registry& registry = Open();
  registry.gauge({.name = "depth"}).set(3);
  for (const Agent* agent : {&first, &second}) {
    const Scrape scrape = agent->Get();
    EXPECT_EQ(scrape["requests_total"], 5.0);
    EXPECT_EQ(scrape["depth"], 3.0) << "one agent's look at a worker must not look like life to the other";
    EXPECT_EQ(scrape["shmetrics_workers{state=\"alive\"}"], 1.0);
  }
}

// Fault 29.
TEST_F(AgentTest, ASecondOneOnTheSamePortSaysSoInOneLineAndEndsWith2) {
  const Agent first(SHMETRICS_AGENT, segment_);
  const std::string address = "127.0.0.1:" + std::to_string(first.port());
  const testing::Ended second =
      testing::RunProgram({SHMETRICS_AGENT, "--segment.path", segment_, "--web.listen-address", address});
  EXPECT_EQ(second.code, 2);
  EXPECT_THAT(second.errors, HasSubstr(address));
  EXPECT_EQ(std::ranges::count(second.errors, '\n'), 1) << second.errors;
  EXPECT_EQ(Status(first, "/-/healthy"), 200) << "the first goes on";
}

// Fault 26, seen from the agent.
TEST_F(AgentTest, FollowsTheSegmentWhenItIsReplacedAndNoTotalGoesBackwards) {
  Registry& registry = Open();
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
  const Counter kept = requests.with({"200"});
  kept.inc(5);
  registry.histogram({.name = "latency"}, {1, 2}).observe(1);
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["requests_total{code=\"200\"}"], 5.0);

  std::filesystem::remove(segment_);
  EXPECT_EQ(agent.Get()["requests_total{code=\"200\"}"], 5.0) << "without a file the old one is served";
  kept.inc(2);
  EXPECT_EQ(agent.Get()["requests_total{code=\"200\"}"], 7.0);

  requests.with({"404"}).inc(3);
  ASSERT_TRUE(std::filesystem::exists(segment_));
  kept.inc(10);
  requests.with({"200"}).inc(100);
  registry.histogram({.name = "latency"}, {1, 2}).observe(2);
  const Scrape scrape = agent.Get();
  EXPECT_EQ(scrape["requests_total{code=\"200\"}"], 117.0) << "both segments' together";
  EXPECT_EQ(scrape["requests_total{code=\"404\"}"], 3.0);
  EXPECT_EQ(scrape["latency_sum"], 3.0);
  EXPECT_EQ(scrape["latency_count"], 2.0);
}

// Fault 26 under load. At least one scrape sees every segment, so in the end nothing may be missing.
TEST_F(AgentTest, NothingIsLostWhenTheFileIsRemovedWhileWorkersCount) {
  constexpr int kWorkers = 4;
  constexpr int kRemovals = 3;
  struct Shared {
    std::atomic<std::uint64_t> counted;
    std::atomic<bool> stop;
  };
  const testing::SharedPage<Shared> shared;
  std::vector<testing::Child> workers;
  for (int i = 0; i < kWorkers; i++) {
    workers.emplace_back([&] {
      Registry& registry = Open();
      const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
      const Gauge depth = registry.gauge({.name = "depth"}).with({});
      while (!shared->stop) {
        requests.with({"200"}).inc();
        depth.set(1);
        ++shared->counted;
      }
    });
  }
  const Agent agent(SHMETRICS_AGENT, segment_);
  std::uint64_t before = 0;
  const auto scrape = [&] {
    const std::uint64_t now = agent.Get().Integer("requests_total{code=\"200\"}");
    EXPECT_GE(now, before);
    before = now;
    return now;
  };
  for (int i = 0; i < kRemovals; i++) {
    testing::WaitUntil([&] { return std::filesystem::exists(segment_) && scrape() > 0; });
    std::filesystem::remove(segment_);
  }
  testing::WaitUntil([&] { return std::filesystem::exists(segment_); });
  scrape();
  shared->stop = true;
  for (testing::Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);
  EXPECT_EQ(scrape(), shared->counted);
}

TEST_F(AgentTest, ASegmentThatBecomesUsableIsServedWithoutARestart) {
  segment_ = folder_ + "/later/segment.v1";
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["shmetrics_up"], 0.0);
  std::filesystem::create_directory(folder_ + "/later");
  CountInAWorker(5);
  EXPECT_EQ(agent.Get()["requests_total"], 5.0);
}

// Fault 32, as operators see it.
TEST_F(AgentTest, RefusalsAreVisible) {
  RegistryOptions options = Options();
  options.worker_slots = 1;
  const testing::Child holder([&] {
    Registry::open(options).gauge({.name = "depth"}).set(1);
    while (true) pause();
  });
  const Agent agent(SHMETRICS_AGENT, segment_);
  testing::WaitUntil([&] { return agent.Get()["depth"] == 1.0; });
  Registry& registry = Registry::open(options);
  registry.gauge({.name = "depth"}).set(1);
  registry.counter({.name = "depth_total"});
  registry.gauge({.name = "depth"}, GaugeMode::max);
  const CounterFamily requests = registry.counter({.name = "requests_total", .labels = {"code"}});
  requests.with({"200", "too many"}).inc(3);
  for (int i = 0; i < 103; i++) {
    const std::string code = std::to_string(i);
    requests.with({code}).inc();
  }
  const Scrape scrape = agent.Get();
  EXPECT_EQ(scrape["shmetrics_refusals_total{reason=\"no_free_slot\"}"], 1.0);
  EXPECT_EQ(scrape["shmetrics_refusals_total{reason=\"name_collision\"}"], 1.0);
  EXPECT_EQ(scrape["shmetrics_refusals_total{reason=\"conflict\"}"], 1.0);
  EXPECT_EQ(scrape["shmetrics_refusals_total{reason=\"invalid_labels\"}"], 1.0);
  EXPECT_EQ(scrape["shmetrics_refusals_total{reason=\"series_limit\"}"], 3.0);
  EXPECT_EQ(scrape["shmetrics_family_refused_series_total{family=\"requests_total\"}"], 4.0);
  EXPECT_EQ(scrape["requests_total{otel_metric_overflow=\"true\"}"], 6.0);
}

}  // namespace
}  // namespace shmetrics
