// What the agent shows about workers that die, stop or end: faults 6, 7 and 10.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Child;
using testing::SharedPage;
using testing::WaitUntil;

class DeadWorkerTest : public testing::RegistryFixture {
 protected:
  /// A worker that counts 10, shows a gauge of 5, and goes on counting in "ticks_total" until it is stopped.
  Child StartWorker() {
    const int before = *ready_;
    Child worker([this] {
      Registry& registry = Open();
      registry.counter({.name = "requests_total"}).inc(10);
      registry.histogram({.name = "latency"}, {1}).observe(0.5);
      registry.gauge({.name = "depth"}).set(5);
      registry.gauge({.name = "load"}, GaugeMode::last).set(7);
      const CounterFamily ticks = registry.counter({.name = "ticks_total"});
      ++*ready_;
      for (;; usleep(100)) ticks.inc();
    });
    WaitUntil([&] { return *ready_ == before + 1; });
    return worker;
  }

  SharedPage<std::atomic<int>> ready_;
};

// Fault 6.
TEST_F(DeadWorkerTest, AKilledWorkersGaugesAreGoneFromTheNextScrapeAndItsCountersStay) {
  Child first = StartWorker();
  const Child second = StartWorker();
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["depth"], 10.0);
  EXPECT_EQ(agent.Get()["shmetrics_workers{state=\"alive\"}"], 2.0);
  first.Kill();
  const testing::Scrape scrape = agent.Get();
  EXPECT_EQ(scrape["depth"], 5.0);
  EXPECT_EQ(scrape["load"], 7.0) << "that one belongs to the host";
  EXPECT_EQ(scrape["requests_total"], 20.0);
  EXPECT_EQ(scrape["latency_count"], 2.0);
  EXPECT_EQ(scrape["shmetrics_workers{state=\"alive\"}"], 1.0);
  EXPECT_EQ(scrape["shmetrics_workers{state=\"dead\"}"], 1.0);
}

// Fault 6.
TEST_F(DeadWorkerTest, WithTheLastWorkerItsGaugeIsGoneAltogether) {
  Child worker = StartWorker();
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["depth"], 5.0);
  worker.Kill();
  EXPECT_EQ(agent.Get()["depth"], std::nullopt);
  EXPECT_EQ(agent.Get().text().find("# TYPE depth"), std::string::npos);
}

// Fault 10: the worker's parent, this test, does not wait for it.
TEST_F(DeadWorkerTest, AZombieIsDead) {
  const Child worker = StartWorker();
  const Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_EQ(agent.Get()["depth"], 5.0);
  worker.Signal(SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(worker.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(kill(worker.pid(), 0), 0) << "it is still in the process table";
  EXPECT_EQ(agent.Get()["depth"], std::nullopt);
  EXPECT_EQ(agent.Get()["requests_total"], 10.0);
}

// Fault 7, without its leases.
TEST_F(DeadWorkerTest, AStoppedWorkerIsAliveAndGoesOn) {
  Child worker = StartWorker();
  const Agent agent(SHMETRICS_AGENT, segment_);
  worker.Signal(SIGSTOP);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(worker.pid()), &info, WSTOPPED | WNOWAIT), 0);
  const double stopped_at = agent.Get()["ticks_total"].value_or(0);
  for (int i = 0; i < 20; i++) {
    const testing::Scrape scrape = agent.Get();
    EXPECT_EQ(scrape["depth"], 5.0);
    EXPECT_EQ(scrape["ticks_total"], stopped_at);
  }
  const Child other = StartWorker();
  EXPECT_EQ(agent.Get()["depth"], 10.0) << "another worker does not get its slot";
  worker.Signal(SIGCONT);
  WaitUntil([&] { return agent.Get()["ticks_total"] > stopped_at; });
  EXPECT_EQ(agent.Get()["depth"], 10.0);
}

TEST_F(DeadWorkerTest, WorkersThatComeAndGoUseOneSlotAndLeaveTheirCounts) {
  constexpr int kWorkers = 300;
  const Agent agent(SHMETRICS_AGENT, segment_);
  for (int i = 0; i < kWorkers; i++) {
    Child worker([this] {
      Registry& registry = Open();
      registry.counter({.name = "requests_total"}).inc();
      registry.gauge({.name = "depth"}).set(1);
      kill(getpid(), SIGKILL);
    });
    EXPECT_EQ(worker.Wait(), 128 + SIGKILL);
  }
  const testing::Scrape scrape = agent.Get();
  EXPECT_EQ(scrape["requests_total"], kWorkers);
  EXPECT_EQ(scrape["depth"], std::nullopt);
  EXPECT_EQ(scrape["shmetrics_workers{state=\"dead\"}"], 1.0) << "each took the slot of the one before";
}

TEST_F(DeadWorkerTest, TheListOfWorkersSaysWhichLive) {
  const Child living = StartWorker();
  Child dead = StartWorker();
  const auto dead_pid = dead.pid();
  dead.Kill();
  const Agent agent(SHMETRICS_AGENT, segment_);
  const auto answer = nlohmann::json::parse(testing::Get(agent.port(), "/api/v1/workers").body);
  ASSERT_EQ(answer["workers"].size(), 2U);
  EXPECT_EQ(answer["alive"], 1);
  for (const auto& worker : answer["workers"]) {
    EXPECT_EQ(worker["name"], "test");
    EXPECT_EQ(worker["alive"], worker["pid"] == living.pid());
    EXPECT_TRUE(worker["pid"] == living.pid() || worker["pid"] == dead_pid);
  }
}

}  // namespace
}  // namespace shmetrics
