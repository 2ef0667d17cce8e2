// Workers that become daemons or other programs: faults 17 and 18.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>

#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using testing::SharedPage;
using ::testing::UnorderedElementsAre;
using testing::WaitUntil;

class DaemonTest : public testing::RegistryFixture {
 protected:
  /// For a child: reports that it is ready, and lives until it is killed.
  [[noreturn]] void StayAlive() {
    *ready_ = true;
    while (true) pause();
  }
  void WaitForReady() {
    WaitUntil([&] { return ready_->load(); });
  }

  SharedPage<std::atomic<bool>> ready_;
};

// Fault 18.
TEST_F(DaemonTest, ExecEndsTheWorkerButNotItsCounters) {
  SharedPage<std::atomic<bool>> go;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);  // the program reads its end, so that it lives until the test lets it go
  Child worker([&] {
    Registry& registry = Open();
    registry.counter({.name = "requests_total"}).inc(3);
    registry.gauge({.name = "depth"}).set(5);
    *ready_ = true;
    while (!*go) usleep(1'000);
    dup2(ends[0], STDIN_FILENO);
    close(ends[1]);
    execl("/bin/cat", "cat", static_cast<char*>(nullptr));
  });
  close(ends[0]);
  WaitForReady();
  EXPECT_EQ(Read().Gauge("depth"), 5.0);
  *go = true;
  WaitUntil([&] { return !Read().Gauge("depth").has_value(); });
  EXPECT_EQ(kill(worker.pid(), 0), 0) << "the process lives, but it is another program";
  EXPECT_EQ(Read().AliveWorkers(), 0U);
  EXPECT_EQ(Read().Counter("requests_total"), 3U);
  close(ends[1]);
  EXPECT_EQ(worker.Wait(), 0);
}

// Fault 17.
TEST_F(DaemonTest, ADaemonMadeByADoubleForkIsAliveAndItsFirstParentIsNot) {
  SharedPage<std::atomic<pid_t>> daemon;
  Child first([&] {
    Registry& registry = Open();
    const Counter requests = registry.counter({.name = "requests_total"}).with({});
    const Gauge depth = registry.gauge({.name = "depth"}, GaugeMode::per_worker).with({});
    requests.inc();
    depth.set(5);
    if (fork() != 0) return;
    setsid();
    const pid_t pid = fork();
    if (pid != 0) {
      *daemon = pid;
      _exit(0);
    }
    close_range(3, ~0U, 0);
    requests.inc(10);
    depth.set(7);
    registry.counter({.name = "daemon_total", .labels = {"a"}}).with({"b"}).inc();
    StayAlive();
  });
  EXPECT_EQ(first.Wait(), 0);
  WaitForReady();
  EXPECT_THAT(Read().PerWorker("depth"), UnorderedElementsAre(7));
  EXPECT_EQ(Read().Counter("requests_total"), 11U);
  EXPECT_EQ(Read().Counter("daemon_total{a=\"b\"}"), 1U);
  EXPECT_EQ(Read().AliveWorkers(), 1U);
  kill(*daemon, SIGKILL);
  WaitUntil([&] { return Read().AliveWorkers() == 0; });
}

// Fault 17, only the descriptors.
TEST_F(DaemonTest, ClosingEveryDescriptorDoesNotEndAWorker) {
  const Child worker([&] {
    Registry& registry = Open();
    const GaugeFamily depth = registry.gauge({.name = "depth"});
    depth.set(5);
    close_range(3, ~0U, 0);
    depth.add(1);
    registry.counter({.name = "requests_total"}).inc();
    StayAlive();
  });
  WaitForReady();
  EXPECT_EQ(Read().Gauge("depth"), 6.0);
  EXPECT_EQ(Read().Counter("requests_total"), 1U);
}

}  // namespace
}  // namespace shmetrics
