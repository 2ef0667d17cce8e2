// Fault L4. Real prefork servers as Debian starts them: the master is root with no variables and no groups,
// its workers are www-data. All numbers are right through a killed worker, a reload and the upgrade of the
// running binary.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shm/segment/segment_path.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/prefork_server.h"

namespace shmetrics {
namespace {

using testing::Agent;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PreforkServer;
using testing::RunInChild;
using testing::WaitUntil;

constexpr std::size_t kWorkers = 2;
constexpr gid_t kGroup = 20'300;  // nobody's in any Debian

/// The line of /proc/PID/status that begins with `name`, without tabs.
std::string StatusOf(int pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  std::string line;
  while (std::getline(status, line) && !line.starts_with(name)) {
  }
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

/// Gives the calling process a host's folders of its own: nothing in /dev/shm and /run, and in the group
/// shmetrics www-data.
bool EnterEmptyHost(const std::string& scratch) {
  const std::string groups = scratch + "/group";
  std::filesystem::copy_file("/etc/group", groups, std::filesystem::copy_options::overwrite_existing);
  std::ofstream(groups, std::ios::app) << "shmetrics:x:" << kGroup << ":www-data\n";
  return testing::EnterMountNamespace() && mount("proc", "/proc", "proc", 0, nullptr) == 0 &&
         testing::MountTmpfs("/dev/shm", "64m") && testing::MountTmpfs("/run", "64m") &&
         mount(groups.c_str(), "/etc/group", nullptr, MS_BIND, nullptr) == 0;
}

/// Each test runs as the first process of a PID namespace. When it ends, however that comes, the servers end
/// too, and it can wait for masters that have left their parents.
class PreforkServersTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root can start a server whose workers are www-data";
    folder_ = std::filesystem::temp_directory_path() / "shmetrics-test-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
    ASSERT_EQ(chmod(folder_.c_str(), 0755), 0);
    if (RunOnEmptyHost([] {}) != 0) GTEST_SKIP() << "no namespaces of processes and mounts here";
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  int RunOnEmptyHost(const std::function<void()>& body) const {
    return RunInChild([&] {
      if (unshare(CLONE_NEWPID) != 0) _exit(2);
      _exit(RunInChild([&] {
        if (!EnterEmptyHost(folder_)) _exit(2);
        body();
      }));
    });
  }

  void Start(bool attaches_in_worker, const std::vector<std::string>& environment) {
    const PreforkServer::Setting setting{folder_, SHMETRICS_SOURCE_DIR "/tests", attaches_in_worker,
                                         environment};
    if (std::string(GetParam()) == "nginx") {
      server_ = std::make_unique<testing::Nginx>(setting, NGINX_MODULE);
    } else {
      server_ = std::make_unique<testing::Gunicorn>(setting, SHMETRICS_SHARED_LIBRARY);
    }
  }

  /// Asks the server, and notes what it must have counted.
  void Ask(const std::string& path, int status) {
    const testing::HttpAnswer answer = server_->Ask(path);
    ASSERT_EQ(answer.status, status) << answer.body << server_->log();
    NoteRequest(std::atoi(answer.headers.at("x-worker").c_str()), status);
  }
  void AskOften() {
    for (int i = 0; i < 30 && !HasFailure(); i++) Ask("/ok", 200);
  }
  void NoteRequest(int worker, int status) {
    requests_of_[worker]++;
    requests_[status]++;
  }
  /// Begins a request that lasts. Returns when the agent shows its lease, with the worker that has it.
  std::pair<shm::UniqueFd, int> Hold(const Agent& agent) const {
    shm::UniqueFd connection = server_->Hold("7");
    WaitUntil([&] { return agent.Get()[R"(requests_active{user="7"})"] == 1; });
    return {std::move(connection), Holder(agent)};
  }

  /// The living workers by their process ids, as /api/v1/workers lists them, each with the number of its
  /// leases.
  static std::map<int, int> Workers(const Agent& agent) {
    const testing::HttpAnswer answer = testing::Get(agent.port(), "/api/v1/workers");
    EXPECT_EQ(answer.status, 200) << answer.body;
    const nlohmann::json json = nlohmann::json::parse(answer.body, nullptr, false);
    std::map<int, int> workers;
    for (const auto& worker : json.at("workers")) {
      if (worker.at("alive") == true) workers[worker.at("pid").get<int>()] = worker.at("leases").get<int>();
    }
    EXPECT_EQ(json.at("alive"), workers.size());
    return workers;
  }
  /// The worker that has a lease for itself and one for a request.
  static int Holder(const Agent& agent) {
    for (const auto& [pid, leases] : Workers(agent)) {
      if (leases == 2) return pid;
    }
    ADD_FAILURE() << "no worker has two leases";
    return 0;
  }

  /// Waits until so many workers live, none of them in `gone`, and all that was asked has been counted. Then
  /// checks the rest.
  void Expect(const Agent& agent, std::size_t workers, const std::set<int>& gone, int held) const {
    std::uint64_t asked = 0;
    for (const auto& [status, count] : requests_) asked += count;
    std::map<int, int> alive;
    WaitUntil([&] {
      const testing::Scrape scrape = agent.Get();
      alive = Workers(agent);
      std::size_t gone_alive = 0;
      for (const int pid : gone) gone_alive += alive.count(pid);
      return alive.size() == workers && gone_alive == 0 && scrape.Integer("workers_active") == workers &&
             scrape.Integer("request_seconds_count") >= asked && Counted(scrape) >= asked;
    });
    const testing::Scrape scrape = agent.Get();
    for (const auto& [status, count] : requests_)
      EXPECT_EQ(scrape.Integer("requests_total{code=\"" + std::to_string(status) + "\"}"), count);
    EXPECT_EQ(scrape.Integer("request_seconds_count"), asked);
    EXPECT_EQ(scrape.Integer("request_seconds_bucket{le=\"+Inf\"}"), asked);
    EXPECT_EQ(scrape.Integer("workers_active"), workers);
    std::uint64_t by_the_living = 0;
    int leases = 0;
    for (const auto& [pid, its_leases] : alive) {
      EXPECT_EQ(StatusOf(pid, "Uid:"), "Uid: 33 33 33 33") << "Debian's www-data";
      EXPECT_EQ(StatusOf(pid, "Gid:"), "Gid: 33 33 33 33");
      const auto noted = requests_of_.find(pid);
      by_the_living += noted == requests_of_.end() ? 0 : noted->second;
    }
    for (const auto& [pid, its_leases] : Workers(agent)) leases += its_leases;
    EXPECT_EQ(scrape.Integer("worker_requests"), by_the_living);
    EXPECT_EQ(leases, static_cast<int>(workers) + held);
    EXPECT_EQ(scrape["requests_active{user=\"7\"}"].value_or(0), held);
    EXPECT_THAT(scrape.text(), Not(ContainsRegex(R"(shmetrics_refusals_total\{[^}]*\} [1-9])")));
    EXPECT_THAT(server_->log(), Not(HasSubstr("shmetrics: "))) << "what the module says when a call fails";
  }
  /// Waits until so many workers have ended by themselves. Then checks that no others are gone but `killed`.
  static void ExpectExits(const Agent& agent, double ended, double killed) {
    WaitUntil([&] {
      const testing::Scrape scrape = agent.Get();
      return scrape[R"(shmetrics_worker_exits_total{how="ended"})"] >= ended ||
             scrape[R"(shmetrics_worker_exits_total{how="unknown"})"] > killed;
    });
    const testing::Scrape scrape = agent.Get();
    EXPECT_EQ(scrape[R"(shmetrics_worker_exits_total{how="ended"})"], ended);
    EXPECT_EQ(scrape[R"(shmetrics_worker_exits_total{how="exec"})"], 0);
    EXPECT_EQ(scrape[R"(shmetrics_worker_exits_total{how="unknown"})"], killed);
    EXPECT_EQ(scrape["shmetrics_worker_losses_total"], killed);
  }
  std::uint64_t Counted(const testing::Scrape& scrape) const {
    std::uint64_t counted = 0;
    for (const auto& [status, count] : requests_)
      counted += scrape.Integer("requests_total{code=\"" + std::to_string(status) + "\"}");
    return counted;
  }

  static std::set<int> OthersThan(int worker, const Agent& agent) {
    std::set<int> others;
    for (const auto& [pid, leases] : Workers(agent)) {
      if (pid != worker) others.insert(pid);
    }
    return others;
  }

  std::string folder_;  ///< the server's, open to all
  std::unique_ptr<PreforkServer> server_;
  std::map<int, std::uint64_t> requests_;     ///< by their status
  std::map<int, std::uint64_t> requests_of_;  ///< by their worker
};

INSTANTIATE_TEST_SUITE_P(Servers, PreforkServersTest, ::testing::Values("nginx", "gunicorn"),
                         [](const auto& server) { return server.param; });

// Faults L4 and A15.
TEST_P(PreforkServersTest, AllNumbersAreRightThroughAKilledWorkerAReloadAndAnUpgrade) {
  EXPECT_EQ(RunOnEmptyHost([&] {
              ASSERT_EQ(mkdir("/dev/shm/closed", 0700), 0);
              Start(false, {"SHMETRICS_SEGMENT=/dev/shm/closed/segment"});
              const Agent agent(SHMETRICS_AGENT, "/dev/shm/closed/segment");
              AskOften();
              Expect(agent, kWorkers, {}, 0);

              auto [held, holder] = Hold(agent);
              Ask("/ok?user=7", 429);
              Expect(agent, kWorkers, {}, 1);
              ASSERT_EQ(kill(holder, SIGKILL), 0);
              Expect(agent, kWorkers, {holder}, 0);
              ExpectExits(agent, 0, 1);
              Ask("/ok?user=7", 200);
              AskOften();
              Expect(agent, kWorkers, {holder}, 0);

              std::tie(held, holder) = Hold(agent);
              std::set<int> others = OthersThan(holder, agent);
              server_->Reload();
              Expect(agent, kWorkers + 1, others, 1);
              Ask("/ok?user=7", 429);
              AskOften();
              Expect(agent, kWorkers + 1, others, 1);
              held = shm::UniqueFd();
              NoteRequest(holder, 200);
              Expect(agent, kWorkers, {holder}, 0);
              ExpectExits(agent, kWorkers, 1);

              std::tie(held, holder) = Hold(agent);
              others = OthersThan(holder, agent);
              server_->BeginUpgrade();
              Expect(agent, 2 * kWorkers, {}, 1);
              Ask("/ok?user=7", 429);
              AskOften();
              Expect(agent, 2 * kWorkers, {}, 1);
              server_->LeaveToNewMaster();
              Expect(agent, kWorkers + 1, others, 1);
              held = shm::UniqueFd();
              NoteRequest(holder, 200);
              server_->EndUpgrade();
              AskOften();
              Expect(agent, kWorkers, {holder}, 0);
              ExpectExits(agent, 2 * kWorkers, 1);

              server_->Stop();
              ExpectExits(agent, 3 * kWorkers, 1);
              const testing::Scrape scrape = agent.Get();
              EXPECT_TRUE(Workers(agent).empty());
              EXPECT_EQ(scrape["worker_requests"], std::nullopt);
              EXPECT_EQ(scrape["workers_active"].value_or(0), 0);
              EXPECT_EQ(scrape.Integer(R"(requests_total{code="200"})"), requests_[200]);
            }),
            0);
}

// Fault A15.
TEST_P(PreforkServersTest, ReloadedAndRecycledWorkersAreNoLosses) {
  EXPECT_EQ(RunOnEmptyHost([&] {
              ASSERT_EQ(mkdir("/dev/shm/closed", 0700), 0);
              Start(false, {"SHMETRICS_SEGMENT=/dev/shm/closed/segment", "MAX_REQUESTS=5"});
              const Agent agent(SHMETRICS_AGENT, "/dev/shm/closed/segment");
              AskOften();
              Expect(agent, kWorkers, {}, 0);
              for (int i = 0; i < 3; i++) {
                const std::set<int> before = OthersThan(0, agent);
                server_->Reload();
                Expect(agent, kWorkers, before, 0);
              }
              const testing::Scrape scrape = agent.Get();
              const double starts = scrape["shmetrics_worker_starts_total"].value_or(0);
              EXPECT_GE(starts, 4 * kWorkers);
              ExpectExits(agent, starts - kWorkers, 0);
              const auto [held, holder] = Hold(agent);
              ASSERT_EQ(kill(holder, SIGKILL), 0);
              Expect(agent, kWorkers, {holder}, 0);
              WaitUntil([&] { return agent.Get()["shmetrics_worker_losses_total"] == 1; });
              server_->Stop();
              EXPECT_EQ(agent.Get()["shmetrics_worker_losses_total"], 1);
            }),
            0);
}

// As scripts/deploy/systemd has it.
TEST_P(PreforkServersTest, WorkersAttachThemselvesInTheFolderOfTheirGroup) {
  EXPECT_EQ(RunOnEmptyHost([&] {
              ASSERT_EQ(mkdir("/run/shmetrics", 0700) + chown("/run/shmetrics", 0, kGroup), 0);
              ASSERT_EQ(chmod("/run/shmetrics", 02770), 0);
              Start(true, {});
              const Agent agent(SHMETRICS_AGENT, shm::DefaultSegmentPath());
              AskOften();
              Expect(agent, kWorkers, {}, 0);
              const auto [held, holder] = Hold(agent);
              Ask("/ok?user=7", 429);
              Expect(agent, kWorkers, {}, 1);
              ASSERT_EQ(kill(holder, SIGKILL), 0);
              Expect(agent, kWorkers, {holder}, 0);
            }),
            0);
}

}  // namespace
}  // namespace shmetrics
