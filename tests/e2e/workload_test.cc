// The main proof: eight processes with four threads each, and scrapes that show exactly what they did. Faults
// 1 and 5.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Agent;
using testing::Child;
using testing::Scrape;
using testing::SharedPage;

constexpr int kProcesses = 8;
constexpr int kThreads = 4;
constexpr double kObserved = 0.25;  // its sums are exact
constexpr std::uint64_t kBatch = 500;

/// Increments and observations of each thread. Sanitizers make them ten and more times slower.
std::uint64_t EachThread() {
  if (const char* each = std::getenv("SHMETRICS_TEST_INCREMENTS")) return std::strtoull(each, nullptr, 10);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 50'000;
#else
  return 1'000'000;
#endif
}

/// What one thread is about to have done, and what it has done. Kept outside the segment, as a second
/// witness.
struct alignas(64) Report {
  std::atomic<std::uint64_t> intended;
  std::atomic<std::uint64_t> confirmed;
};

struct Reports {
  /// The amount that every thread must have confirmed in the end.
  std::atomic<std::uint64_t> goal;
  std::array<std::array<Report, kThreads>, kProcesses> of;

  std::uint64_t Sum(std::atomic<std::uint64_t> Report::*what, int process) const {
    std::uint64_t sum = 0;
    for (const Report& report : of[static_cast<std::size_t>(process)]) sum += report.*what;
    return sum;
  }
  std::uint64_t Sum(std::atomic<std::uint64_t> Report::*what) const {
    std::uint64_t sum = 0;
    for (int process = 0; process < kProcesses; process++) sum += Sum(what, process);
    return sum;
  }
};

class WorkloadTest : public testing::RegistryFixture {
 protected:
  /// One worker process. Its four threads count in a shared series and in one of their process, until each
  /// thread, together with those it replaces, has reached the goal.
  Child StartWorker(int process) {
    return Child([this, process] {
      Registry& registry = Open();
      registry.gauge({.name = "work_active"}).set(1);
      std::vector<std::jthread> threads;
      for (Report& report : reports_->of[static_cast<std::size_t>(process)]) {
        threads.emplace_back([this, &registry, &report, process] { Work(registry, report, process); });
      }
    });
  }

  void Work(Registry& registry, Report& report, int process) const {
    const Counter all = registry.counter({.name = "work_total"}).with({});
    const std::string name = std::to_string(process);
    const Counter own = registry.counter({.name = "process_work_total", .labels = {"process"}}).with({name});
    const Histogram latency = registry.histogram({.name = "work_seconds"}, {0.1, 0.25, 1}).with({});
    for (std::uint64_t goal; report.confirmed < (goal = reports_->goal);) {
      const std::uint64_t batch = std::min(kBatch, goal - report.confirmed);
      report.intended += batch;
      for (std::uint64_t i = 0; i < batch; i++) {
        all.inc();
        own.inc();
        latency.observe(kObserved);
      }
      report.confirmed += batch;
    }
  }

  std::string OwnSample(int process) const {
    return "process_work_total{process=\"" + std::to_string(process) + "\"}";
  }

  static void ExpectHistogramAgrees(const Scrape& scrape) {
    const std::uint64_t count = scrape.Integer("work_seconds_count");
    EXPECT_EQ(scrape["work_seconds_sum"].value_or(-1), kObserved * static_cast<double>(count));
    EXPECT_EQ(scrape.Integer("work_seconds_bucket{le=\"0.1\"}"), 0U);
    EXPECT_EQ(scrape.Integer("work_seconds_bucket{le=\"0.25\"}"), count);
    EXPECT_EQ(scrape.Integer("work_seconds_bucket{le=\"+Inf\"}"), count);
  }

  /// Checks that every total lies between what was confirmed before the scrape and what was intended after
  /// it.
  void ExpectWithinBounds(const Agent& agent) const {
    std::array<std::uint64_t, kProcesses> confirmed;
    for (int i = 0; i < kProcesses; i++)
      confirmed[static_cast<std::size_t>(i)] = reports_->Sum(&Report::confirmed, i);
    const Scrape scrape = agent.Get();
    std::uint64_t least = 0;
    for (int i = 0; i < kProcesses; i++) {
      least += confirmed[static_cast<std::size_t>(i)];
      EXPECT_GE(scrape.Integer(OwnSample(i)), confirmed[static_cast<std::size_t>(i)]);
      EXPECT_LE(scrape.Integer(OwnSample(i)), reports_->Sum(&Report::intended, i));
    }
    const std::uint64_t most = reports_->Sum(&Report::intended);
    for (const char* total : {"work_total", "work_seconds_count"}) {
      EXPECT_GE(scrape.Integer(total), least) << total;
      EXPECT_LE(scrape.Integer(total), most) << total;
    }
    ExpectHistogramAgrees(scrape);
  }

  const std::uint64_t each_ = EachThread();
  const SharedPage<Reports> reports_;
};

TEST_F(WorkloadTest, EightProcessesOfFourThreadsAreCountedExactlyWhenNobodyIsKilled) {
  reports_->goal = each_;
  std::vector<Child> workers;
  for (int i = 0; i < kProcesses; i++) workers.push_back(StartWorker(i));
  const Agent agent(SHMETRICS_AGENT, segment_);
  for (Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);

  const Scrape scrape = agent.Get();
  const std::uint64_t total = kProcesses * kThreads * each_;
  EXPECT_EQ(scrape.Integer("work_total"), total);
  EXPECT_EQ(scrape.Integer("work_seconds_count"), total);
  for (int i = 0; i < kProcesses; i++) EXPECT_EQ(scrape.Integer(OwnSample(i)), kThreads * each_);
  ExpectHistogramAgrees(scrape);
  EXPECT_EQ(scrape["work_active"], std::nullopt) << "all workers have ended";
}

TEST_F(WorkloadTest, EightProcessesOfFourThreadsStayWithinBoundsWhileTheyAreKilledAndReplaced) {
  constexpr int kKills = 40;
  reports_->goal = std::numeric_limits<std::uint64_t>::max();
  std::minstd_rand random(20'240'607);
  std::vector<Child> workers;
  for (int i = 0; i < kProcesses; i++) workers.push_back(StartWorker(i));
  const Agent agent(SHMETRICS_AGENT, segment_);
  const std::uint64_t total = kProcesses * kThreads * each_;
  for (int kills = 0; kills < kKills || reports_->Sum(&Report::confirmed) < total; kills++) {
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 40));
    const int victim = static_cast<int>(random() % kProcesses);
    workers[static_cast<std::size_t>(victim)].Kill();
    if (kills % 4 == 0) ExpectWithinBounds(agent);
    workers[static_cast<std::size_t>(victim)] = StartWorker(victim);
  }
  reports_->goal = 0;
  for (Child& worker : workers) EXPECT_EQ(worker.Wait(), 0);
  ExpectWithinBounds(agent);
  EXPECT_EQ(agent.Get()["work_active"], std::nullopt);
}

}  // namespace
}  // namespace shmetrics
