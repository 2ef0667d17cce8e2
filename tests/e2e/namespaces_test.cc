// Workers and an agent that see different processes, clocks and users: faults 13 and 14.

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/program.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

// Missing in Debian 12's <sched.h>.
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace shmetrics {
namespace {

using testing::Child;
using testing::Scrape;
using testing::SharedPage;
using testing::WaitUntil;

constexpr int kAllNamespaces = CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWIPC;
constexpr gid_t kGroup = 64'000;

void Write(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.close();
  EXPECT_TRUE(file.good()) << path;
}

/// Puts children of the calling process into namespaces of their own, where they are root and the clock is an
/// hour ahead, as in a container on another host.
void EnterNamespaces(int which) {
  ASSERT_EQ(unshare(which), 0);
  if ((which & CLONE_NEWUSER) != 0) {
    Write("/proc/self/uid_map", "0 0 1");
    Write("/proc/self/setgroups", "deny");  // without this, only a process outside may write the next file
    Write("/proc/self/gid_map", "0 0 1");
    testing::DieWithParent();  // new privileges clear that setting
  }
  if ((which & CLONE_NEWTIME) != 0) Write("/proc/self/timens_offsets", "monotonic 3600 0\nboottime 3600 0\n");
}

/// The segment, and an agent that may be in other namespaces than the workers.
class NamespacesTest : public testing::RegistryFixture {
 protected:
  void SetUp() override {
    // Needs CAP_SYS_ADMIN, which a developer's machine may not give.
    if (testing::RunInChild([] { _exit(unshare(kAllNamespaces) == 0 ? 0 : 2); }) != 0)
      GTEST_SKIP() << "this user may not make namespaces";
  }

  /// Starts the first process of new namespaces. It runs `body` and then lives until it is killed. It dies
  /// with the returned child, which is its parent and outside the PID namespace.
  Child Container(const std::function<void()>& body, int which = kAllNamespaces) {
    const int before = ready_->load();
    Child outside([&] {
      EnterNamespaces(which);
      const pid_t first = fork();
      if (first == 0) {
        testing::DieWithParent();
        EXPECT_EQ(getpid(), 1);
        body();
        if (::testing::Test::HasFailure()) _exit(1);
        ++*ready_;
        for (;;) pause();
      }
      int status = 0;
      waitpid(first, &status, 0);
      ready_->store(-1'000);  // it must not end by itself
    });
    WaitUntil([&] { return ready_->load() == before + 1 || ready_->load() < 0; });
    EXPECT_GT(ready_->load(), 0) << "it has failed";
    return outside;
  }
  /// Counts 10, shows a gauge of 5 and, if allowed, takes a lease.
  void Work() {
    Registry& registry = Open(options_);
    EXPECT_TRUE(registry.status().attached) << registry.status().error;
    registry.counter({.name = "requests_total"}).inc(10);
    registry.gauge({.name = "depth"}).set(5);
    const LeaseGaugeFamily uploads = registry.lease_gauge({.name = "uploads", .labels = {"user_id"}});
    auto* lease = new Result<Lease>(uploads.try_acquire({"42"}, {.limit = 3, .ttl = std::chrono::hours(1)}));
    granted_->store(lease->ok());
    if (lease->ok()) return;
    EXPECT_EQ(lease->error().code, lease_error_);
    EXPECT_EQ(testing::RefusalsOf(registry, lease_error_),
              lease_error_ == ErrorCode::kForeignNamespace ? 1U : 0U);
  }
  static Registry& Open(const RegistryOptions& options) { return Registry::open(options); }

  RegistryOptions options_ = Options();
  ErrorCode lease_error_ = ErrorCode::kForeignNamespace;
  SharedPage<std::atomic<int>> ready_;
  SharedPage<std::atomic<bool>> granted_;
};

// Faults 12 and 13: each worker is process 1 of its namespaces, and so is the agent.
TEST_F(NamespacesTest, EveryWorkerIsProcess1AndTheAgentShowsWhichLive) {
  Child first = Container([&] { Work(); });
  EXPECT_TRUE(granted_->load()) << "the segment is of its namespace";
  const Child second = Container([&] { Work(); });
  EXPECT_FALSE(granted_->load());
  const Child third = Container([&] { Work(); });
  EXPECT_FALSE(granted_->load());
  SharedPage<std::atomic<int>> port;
  const Child agent_host = Container([&] {
    auto* agent =
        new testing::Agent(SHMETRICS_AGENT, segment_);  // in the same PID namespace, as its process 2
    port->store(agent->port());
  });
  const auto get = [&](const char* path) {
    return testing::Get(static_cast<std::uint16_t>(port->load()), path).body;
  };
  const auto workers = nlohmann::json::parse(get("/api/v1/workers"))["workers"];
  ASSERT_EQ(workers.size(), 3U);
  for (const auto& worker : workers) {
    EXPECT_EQ(worker["pid"], 1);
    EXPECT_EQ(worker["alive"], true);
  }
  Scrape scrape(get("/metrics"));
  EXPECT_EQ(scrape["requests_total"], 30.0);
  EXPECT_EQ(scrape["depth"], 15.0);
  EXPECT_EQ(scrape["uploads{user_id=\"42\"}"], 1.0);
  EXPECT_EQ(scrape["shmetrics_refusals_total{reason=\"foreign_namespace\"}"], 2.0);
  first.Kill();
  WaitUntil([&] { return Read().AliveWorkers() == 2; });  // its parent's death kills it a moment later
  scrape = Scrape(get("/metrics"));
  EXPECT_EQ(scrape["requests_total"], 30.0);
  EXPECT_EQ(scrape["depth"], 10.0);
  EXPECT_EQ(scrape["uploads{user_id=\"42\"}"].value_or(0), 0.0);
}

// Fault 13.
TEST_F(NamespacesTest, ASegmentMadeForItKeepsOneLimitAcrossAllOfThem) {
  options_.shared_pid_namespaces = true;
  lease_error_ = ErrorCode::kLimitReached;
  std::vector<Child> workers;
  for (int i = 0; i < 3; i++) {
    workers.push_back(Container([&] { Work(); }));
    EXPECT_TRUE(granted_->load());
  }
  workers.push_back(Container([&] { Work(); }));
  EXPECT_FALSE(granted_->load());
  EXPECT_EQ(Read().Gauge("uploads{user_id=\"42\"}"), 3.0) << "none has expired by a clock an hour ahead";
  workers[1].Kill();
  WaitUntil([&] { return Read().AliveWorkers() == 3; });
  workers.push_back(Container([&] { Work(); }));
  EXPECT_TRUE(granted_->load()) << "the place of the dead is free";
}

/// Gives the calling process this user, and this group besides its own.
void Become(uid_t user) {
  ASSERT_EQ(setgroups(1, &kGroup), 0);
  ASSERT_EQ(setresgid(user, user, user), 0);
  ASSERT_EQ(setresuid(user, user, user), 0);
  testing::DieWithParent();  // new privileges clear that setting
}

// Fault 14: no user sees the processes of the others, and it makes no difference.
TEST_F(NamespacesTest, ProcessesThatCannotSeeEachOtherAreShownAliveAndDead) {
  ASSERT_EQ(chown(folder_.c_str(), 0, kGroup), 0);
  ASSERT_EQ(chmod(folder_.c_str(), 02770), 0);
  // Started by its descriptor, because the user may have no right to the build's folders. Inherited on
  // purpose.
  const shm::UniqueFd program(open(SHMETRICS_AGENT, O_RDONLY));  // NOLINT(android-cloexec-open)
  SharedPage<std::array<std::atomic<pid_t>, 2>> pids;
  SharedPage<std::atomic<int>> port;
  const Child host([&] {
    ASSERT_TRUE(testing::EnterMountNamespace());
    ASSERT_EQ(mount("proc", "/proc", "proc", 0, "hidepid=2"), 0);
    std::vector<Child> workers;
    for (const uid_t user : {64'001, 64'002}) {
      workers.emplace_back([this, user] {
        Become(user);
        Work();
        EXPECT_NE(access(("/proc/" + std::to_string(getppid())).c_str(), F_OK), 0) << "hidden, or no test";
        if (!::testing::Test::HasFailure()) ++*ready_;
        for (;;) pause();
      });
      (*pids)[user - 64'001].store(workers.back().pid());
    }
    testing::Program agent({"setpriv", "--reuid=64003", "--regid=64000", "--clear-groups", "--",
                            "/proc/self/fd/" + std::to_string(program.get()), "--config.file", "/dev/null",
                            "--segment.path", segment_, "--web.listen-address", "127.0.0.1:0"});
    const auto answer = agent.WaitForText(" on 127.0.0.1:");
    ASSERT_TRUE(answer.has_value()) << agent.errors();
    port->store(std::stoi(*answer));
    for (Child& worker : workers) worker.Wait();
    for (;;) pause();
  });
  WaitUntil([&] { return ready_->load() == 2 && port->load() != 0; });
  const auto scrape = [&] {
    return Scrape(testing::Get(static_cast<std::uint16_t>(port->load()), "/metrics").body);
  };
  EXPECT_EQ(scrape()["depth"], 10.0);
  EXPECT_EQ(scrape()["requests_total"], 20.0);
  EXPECT_EQ(scrape()["uploads{user_id=\"42\"}"], 2.0);
  kill((*pids)[0].load(), SIGKILL);
  WaitUntil([&] { return Read().AliveWorkers() == 1; });
  EXPECT_EQ(scrape()["depth"], 5.0);
  EXPECT_EQ(scrape()["requests_total"], 20.0);
  EXPECT_EQ(scrape()["uploads{user_id=\"42\"}"], 1.0);
}

}  // namespace
}  // namespace shmetrics
