// Fault A15. Workers that end by themselves are told from those that were killed or crashed, by real processes
// and a real agent. Only the latter can be losses.

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "shmetrics/c.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using testing::RunInChild;

class WorkerExitsTest : public testing::RegistryFixture {
 protected:
  /// Begins as a worker that shows a gauge and holds a lease.
  Registry& Work() const {
    Registry& registry = Open();
    registry.gauge({.name = "depth"}).set(3);
    Result<Lease> lease = registry.lease_gauge({.name = "streams"}).try_acquire({});
    EXPECT_TRUE(lease.ok()) << lease.error().message;
    [[maybe_unused]] static Lease* kept = nullptr;
    kept = new Lease(std::move(lease.value()));  // nobody releases it
    return registry;
  }
  void Expect(int ended, int execs, int unknown, int losses) const {
    const testing::Scrape scrape = agent_->Get();
    EXPECT_EQ(scrape[R"(shmetrics_worker_exits_total{how="ended"})"], ended);
    EXPECT_EQ(scrape[R"(shmetrics_worker_exits_total{how="exec"})"], execs);
    EXPECT_EQ(scrape[R"(shmetrics_worker_exits_total{how="unknown"})"], unknown);
    EXPECT_EQ(scrape["shmetrics_worker_losses_total"], losses);
  }
  void StartAgent() { agent_ = std::make_unique<testing::Agent>(SHMETRICS_AGENT, segment_); }
  void StartAgainAndExpect(int ended, int execs, int unknown, int losses) {
    Expect(ended, execs, unknown, losses);
    StartAgent();
    Expect(ended, execs, unknown, losses);
  }

  std::unique_ptr<testing::Agent> agent_ = std::make_unique<testing::Agent>(SHMETRICS_AGENT, segment_);
};

TEST_F(WorkerExitsTest, ExitAndTheEndOfMainAreEndsByThemselves) {
  EXPECT_EQ(RunInChild([&] {
              Work();
              std::exit(0);  // NOLINT(concurrency-mt-unsafe): that is the test
            }),
            0);
  StartAgainAndExpect(1, 0, 0, 0);
}

TEST_F(WorkerExitsTest, AnExitWithoutHandlersIsUnknownAndAnAnnouncedOneIsNot) {
  EXPECT_EQ(RunInChild([&] {
              Work();
              _exit(0);
            }),
            0);
  EXPECT_EQ(RunInChild([&] {
              Work();
              Registry::announce_end();
              _exit(0);
            }),
            0);
  EXPECT_EQ(RunInChild([&] {
              Work();
              shmetrics_announce_end();
              _exit(0);
            }),
            0);
  StartAgainAndExpect(2, 0, 1, 1);
}

TEST_F(WorkerExitsTest, AnExitWithoutHandlersLosesNothingIfNothingIsLeft) {
  EXPECT_EQ(RunInChild([&] {
              Registry& registry = Open();
              registry.gauge({.name = "depth"}).add(2);
              registry.gauge({.name = "depth"}).sub(2);
              registry.info({.name = "app_build"}, {{"version", "1"}});
              EXPECT_TRUE(registry.lease_gauge({.name = "streams"}).try_acquire({}).ok());
              _exit(0);
            }),
            0);
  StartAgainAndExpect(0, 0, 1, 0);
}

TEST_F(WorkerExitsTest, KillsAndCrashesAreLosses) {
  for (const int signal : {SIGKILL, SIGTERM}) {
    const testing::SharedPage<std::atomic<bool>> works;
    Child worker([&] {
      Work();
      *works = true;
      pause();
    });
    testing::WaitUntil([&] { return works->load(); });
    worker.Signal(signal);
    EXPECT_EQ(worker.Wait(), 128 + signal);
  }
  EXPECT_EQ(RunInChild([&] {
              Work();
              signal(SIGABRT, SIG_DFL);
              std::abort();
            }),
            128 + SIGABRT);
  StartAgainAndExpect(0, 0, 3, 3);
}

TEST_F(WorkerExitsTest, AnEndCanBeAnnouncedInASignalHandler) {
  const testing::SharedPage<std::atomic<bool>> works;
  Child worker([&] {
    Work();
    signal(SIGTERM, [](int) {
      shmetrics_announce_end();
      _exit(0);
    });
    *works = true;
    for (;;) pause();
  });
  testing::WaitUntil([&] { return works->load(); });
  worker.Signal(SIGTERM);
  EXPECT_EQ(worker.Wait(), 0);
  Expect(1, 0, 0, 0);
}

TEST_F(WorkerExitsTest, AChildThatExitsEndsAloneAndItsParentIsStillALoss) {
  EXPECT_EQ(RunInChild([&] {
              Work();
              EXPECT_EQ(RunInChild([] {
                          std::exit(0);  // NOLINT(concurrency-mt-unsafe): it has no slot of its own
                        }),
                        0);
              EXPECT_EQ(RunInChild([&] {
                          Open().gauge({.name = "depth"}).set(1);
                          std::exit(0);  // NOLINT(concurrency-mt-unsafe): that is the test
                        }),
                        0);
              Expect(1, 0, 0, 0);
              _exit(0);
            }),
            0);
  StartAgainAndExpect(1, 0, 1, 1);
}

TEST_F(WorkerExitsTest, AnExecutedProgramIsKnownWhileItRunsAndByTheAgentThatSawIt) {
  Child worker([&] {
    Work();
    execlp("sleep", "sleep", "1000", nullptr);
  });
  testing::WaitUntil([&] { return agent_->Get()[R"(shmetrics_worker_exits_total{how="exec"})"] == 1; });
  StartAgainAndExpect(0, 1, 0, 0);
  worker.Kill();
  Expect(0, 1, 0, 0);
  EXPECT_EQ(RunInChild([&] {
              Open().gauge({.name = "depth"}).set(1);  // takes the same slot
              std::exit(0);                            // NOLINT(concurrency-mt-unsafe): that is the test
            }),
            0);
  Expect(1, 1, 0, 0);
}

TEST_F(WorkerExitsTest, AnExitWaitsForNoThreadThatIsClaiming) {
  for (int i = 0; i < 20; i++) {
    EXPECT_EQ(RunInChild([&] {
                Registry& registry = Open();
                std::thread([&] { registry.gauge({.name = "depth"}).set(1); }).detach();
                std::exit(0);  // NOLINT(concurrency-mt-unsafe): that is the test
              }),
              0);
  }
  const testing::Scrape scrape = agent_->Get();
  EXPECT_EQ(scrape["shmetrics_workers{state=\"alive\"}"].value_or(0), 0);
}

TEST_F(WorkerExitsTest, TheWorkersOfASegmentThatWasReplacedHaveMovedAndAreNotLost) {
  const testing::SharedPage<std::atomic<int>> step;
  Child worker([&] {
    Registry& registry = Open();
    const Gauge depth = registry.gauge({.name = "depth"}).with({});
    depth.set(1);
    *step = 1;
    testing::WaitUntil([&] { return *step == 2; });
    testing::WaitUntil([&] {
      depth.set(2);
      registry.counter({.name = "looks_total"}).inc();
      return registry.status().attached && std::filesystem::exists(segment_);
    });
    *step = 3;
    pause();
  });
  testing::WaitUntil([&] { return *step == 1; });
  testing::WaitUntil([&] { return agent_->Get()["depth"] == 1; });
  std::filesystem::remove(segment_);
  *step = 2;
  testing::WaitUntil([&] { return *step == 3; });
  testing::WaitUntil([&] { return agent_->Get()[R"(shmetrics_worker_exits_total{how="ended"})"] == 1; });
  Expect(1, 0, 0, 0);
}

TEST_F(WorkerExitsTest, ChildrenOfPythonsMultiprocessingAnnounceTheirEnd) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "Python does not begin with the runtime that the library then needs";
#endif
  const std::string script = R"(
import ctypes, multiprocessing, sys
sys.path.insert(0, sys.argv[1] + "/support")
from c_face import SUM, Face
face = Face(sys.argv[2])
registry = face.configured_registry(sys.argv[3], 8 << 20)
depth = face.series("gauge", face.family(registry, "gauge", "depth", ctypes.c_int32(SUM)))

def work(announces):
    face.call("gauge_set", depth, ctypes.c_double(1))
    if announces:
        face.library.shmetrics_announce_end()

context = multiprocessing.get_context("fork")
for announces in (True, True, False):
    child = context.Process(target=work, args=(announces,))
    child.start()
    child.join()
    assert child.exitcode == 0
face.call("gauge_set", depth, ctypes.c_double(1))
)";
  const testing::Ended ended = testing::RunProgram(
      {"python3", "-c", script, SHMETRICS_SOURCE_DIR "/tests", SHMETRICS_SHARED_LIBRARY, segment_});
  ASSERT_EQ(ended.code, 0) << ended.errors;
  Expect(3, 0, 1, 1);
}

}  // namespace
}  // namespace shmetrics
