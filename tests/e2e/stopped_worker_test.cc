// A worker that stands still for a while, stopped in each possible way: faults 7 and 9.

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using namespace std::chrono_literals;
using testing::Agent;
using testing::Child;
using testing::Scrape;
using testing::SharedPage;
using testing::WaitUntil;

/// A way to stop a process and to let it go on.
struct Stop {
  const char* name;
  std::function<bool(pid_t)> begin;  ///< returns false if this machine does not allow it
  std::function<void(pid_t)> end;
};
void PrintTo(const Stop& stop, std::ostream* out) { *out << stop.name; }

bool BeginSignal(pid_t pid) {
  siginfo_t info{};
  return kill(pid, SIGSTOP) == 0 && waitid(P_PID, static_cast<id_t>(pid), &info, WSTOPPED | WNOWAIT) == 0;
}

/// Stops a process like a debugger at a breakpoint.
bool BeginTrace(pid_t pid) {
  if (ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) return false;
  int status = 0;
  return ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr) == 0 && waitpid(pid, &status, __WALL) == pid &&
         WIFSTOPPED(status);
}

/// A group of cgroup v1 or v2, frozen as by `docker pause`. Its folder is removed when the process goes on.
class FrozenGroup {
 public:
  bool Freeze(pid_t pid) {
    const bool is_v2 = access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0;
    folder_ = (is_v2 ? "/sys/fs/cgroup/shmetrics-test-" : "/sys/fs/cgroup/freezer/shmetrics-test-") +
              std::to_string(pid);
    state_ = folder_ + (is_v2 ? "/cgroup.freeze" : "/freezer.state");
    thawed_ = is_v2 ? "0" : "THAWED";
    if (mkdir(folder_.c_str(), 0755) != 0) return false;
    if (Write(folder_ + "/cgroup.procs", std::to_string(pid)) && Write(state_, is_v2 ? "1" : "FROZEN")) {
      WaitUntil([&] { return Holds(folder_ + "/cgroup.events", "frozen 1") || Holds(state_, "FROZEN"); });
      return true;
    }
    rmdir(folder_.c_str());
    return false;
  }
  void Thaw(pid_t pid) {
    Write(state_, thawed_);
    const bool is_v2 = access("/sys/fs/cgroup/cgroup.procs", F_OK) == 0;
    Write(is_v2 ? "/sys/fs/cgroup/cgroup.procs" : "/sys/fs/cgroup/freezer/cgroup.procs", std::to_string(pid));
    EXPECT_EQ(rmdir(folder_.c_str()), 0);
  }

 private:
  static bool Write(const std::string& path, const std::string& text) {
    std::ofstream file(path);
    file << text << std::flush;
    return file.good();
  }
  static bool Holds(const std::string& path, const std::string& line) {
    std::ifstream file(path);
    for (std::string read; std::getline(file, read);) {
      if (read == line) return true;
    }
    return false;
  }
  std::string folder_, state_, thawed_;
};

FrozenGroup& TheGroup() {
  static FrozenGroup group;
  return group;
}

class StoppedWorkerTest : public testing::RegistryFixture, public ::testing::WithParamInterface<Stop> {
 protected:
  static constexpr auto kTtl = 50ms;

  /// Counts, shows a gauge of 5, and holds a lease. When it goes on, it must find that the lease has ended.
  void Work() {
    Registry& registry = Open();
    const CounterFamily ticks = registry.counter({.name = "ticks_total"});
    const GaugeFamily depth = registry.gauge({.name = "depth"});
    depth.set(5);
    Result<Lease> lease = Uploads(registry).try_acquire({"42"}, {.limit = 1, .ttl = kTtl});
    EXPECT_TRUE(lease.ok());
    step_->store(1);
    while (step_->load() != 2) {
      lease->renew();
      ticks.inc();
      usleep(100);
    }
    EXPECT_FALSE(lease->renew());
    EXPECT_FALSE(lease->release());
    depth.add(1);
    ticks.inc();
    step_->store(3);
    for (;;) pause();
  }
  static LeaseGaugeFamily Uploads(Registry& registry) {
    return registry.lease_gauge({.name = "uploads", .labels = {"user_id"}});
  }

  SharedPage<std::atomic<int>> step_;
};

// Faults 7 and 9.
TEST_P(StoppedWorkerTest, KeepsItsGaugesLosesItsLeaseAndTouchesNobodyElses) {
  const Agent agent(SHMETRICS_AGENT, segment_);
  const Child worker([&] { Work(); });
  WaitUntil([&] { return step_->load() == 1; });
  if (!GetParam().begin(worker.pid())) GTEST_SKIP() << "this user may not stop a process so";
  const double stopped_at = agent.Get()["ticks_total"].value_or(0);

  // Waits ten times its TTL; then another worker gets its place.
  Registry& other = Open();
  Result<Lease> successor = Uploads(other).try_acquire({"42"}, {.limit = 1});
  for (const auto until = std::chrono::steady_clock::now() + 10 * kTtl;
       std::chrono::steady_clock::now() < until || !successor.ok();) {
    if (!successor.ok()) successor = Uploads(other).try_acquire({"42"}, {.limit = 1});
    EXPECT_EQ(agent.Get()["depth"], 5.0);
  }
  other.gauge({.name = "depth"}).set(100);
  Scrape scrape = agent.Get();
  EXPECT_EQ(scrape["depth"], 105.0);
  EXPECT_EQ(scrape["uploads{user_id=\"42\"}"], 1.0);
  EXPECT_EQ(scrape["ticks_total"], stopped_at);
  EXPECT_EQ(scrape["shmetrics_workers{state=\"alive\"}"], 2.0);

  step_->store(2);
  GetParam().end(worker.pid());
  WaitUntil([&] { return step_->load() == 3; });
  scrape = agent.Get();
  EXPECT_EQ(scrape["depth"], 106.0);
  EXPECT_GT(scrape["ticks_total"], stopped_at);
  EXPECT_EQ(scrape["uploads{user_id=\"42\"}"], 1.0);
  EXPECT_TRUE(successor->live()) << "the stopped worker has ended another's lease";
}

INSTANTIATE_TEST_SUITE_P(
    Ways, StoppedWorkerTest,
    ::testing::Values(Stop{"Signal", BeginSignal, [](pid_t pid) { kill(pid, SIGCONT); }},
                      Stop{"Debugger", BeginTrace,
                           [](pid_t pid) { ptrace(PTRACE_DETACH, pid, nullptr, nullptr); }},
                      Stop{"FrozenGroup", [](pid_t pid) { return TheGroup().Freeze(pid); },
                           [](pid_t pid) { TheGroup().Thaw(pid); }}),
    [](const auto& stop) { return stop.param.name; });

}  // namespace
}  // namespace shmetrics
