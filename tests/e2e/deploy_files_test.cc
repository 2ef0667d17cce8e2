// The files of scripts/deploy, checked by the programs that read them.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shmetrics/shmetrics.h"
#include "tests/e2e/deploy_folder.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/private_folder.h"
#include "tests/support/program.h"

namespace shmetrics {
namespace {

using nlohmann::json;
using testing::Ended;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using testing::kDeploy;
using testing::PrivateFolder;
using testing::ReadFile;
using testing::RunProgram;

const std::string kUnits = kDeploy + "systemd/";

void ExpectSuccess(const std::vector<std::string>& command) {
  const Ended ended = RunProgram(command);
  EXPECT_EQ(ended.code, 0) << command[0] << " (scripts/setup --tests installs it): " << ended.output
                           << ended.errors;
}

TEST(DeployFilesTest, PromtoolAcceptsTheConfigurationAndTheRulesAndTheirTestsPass) {
  ExpectSuccess({"promtool", "check", "config", kDeploy + "prometheus.yml"});
  ExpectSuccess({"promtool", "check", "rules", kDeploy + "shmetrics.rules.yml"});
  ExpectSuccess({"promtool", "test", "rules", kDeploy + "shmetrics.rules.test.yml"});
}

TEST(DeployFilesTest, TheScrapeJobIsTheOneOfTheSourceDocument) {
  EXPECT_THAT(ReadFile(kDeploy + "prometheus.yml"), HasSubstr("scrape_configs:\n"
                                                              "  - job_name: 'tldw_server'\n"
                                                              "    scrape_interval: 15s\n"
                                                              "    metrics_path: '/metrics'\n"
                                                              "    static_configs:\n"
                                                              "      - targets: ['localhost:8000']\n"));
}

TEST(DeployFilesTest, EveryRuleHasATest) {
  const std::string tests = ReadFile(kDeploy + "shmetrics.rules.test.yml");
  std::istringstream rules(ReadFile(kDeploy + "shmetrics.rules.yml"));
  int found = 0;
  for (std::string line; std::getline(rules, line);) {
    for (const std::string key : {"- record: ", "- alert: "}) {
      const std::size_t at = line.find(key);
      if (at == std::string::npos) continue;
      found++;
      const std::string name = line.substr(at + key.size());
      const bool is_alert = key == "- alert: ";
      EXPECT_THAT(tests, HasSubstr((is_alert ? "alertname: " : "- expr: ") + name + '\n'));
      if (!is_alert) continue;
      EXPECT_THAT(tests, HasSubstr("alertname: " + name + "\n        exp_alerts:\n")) << "never fires";
      EXPECT_THAT(tests, HasSubstr("alertname: " + name + "\n        exp_alerts: []\n")) << "always fires";
    }
  }
  EXPECT_GT(found, 0);
}

TEST(DeployFilesTest, EveryAlertSaysWhatItMeansAndHowLongItWaits) {
  std::istringstream rules(ReadFile(kDeploy + "shmetrics.rules.yml"));
  std::vector<std::string> alerts;
  for (std::string line; std::getline(rules, line);) {
    if (line.find("- alert: ") != std::string::npos) alerts.emplace_back();
    if (line.find("- name: ") != std::string::npos) continue;
    if (!alerts.empty()) alerts.back() += line + '\n';
  }
  for (const std::string& alert : alerts) {
    for (const char* key : {"  for: ", "  severity: ", "  summary: ", "  description: "}) {
      EXPECT_THAT(alert, HasSubstr(key));
    }
  }
}

TEST(DeployFilesTest, TheDashboardHasThePanelsOfTheSourceDocumentAndCanBeImported) {
  const json dashboard = json::parse(ReadFile(kDeploy + "grafana-dashboard.json"));
  EXPECT_EQ(dashboard["__inputs"][0]["pluginId"], "prometheus");
  EXPECT_EQ(dashboard["templating"]["list"][0]["type"], "datasource");
  EXPECT_EQ(dashboard["templating"]["list"][0]["name"], "datasource");
  EXPECT_TRUE(dashboard["id"].is_null()) << "Grafana gives it one";
  std::set<std::string> plugins;
  for (const json& required : dashboard["__requires"]) plugins.insert(required["id"]);

  std::set<std::string> panels;
  std::set<int> ids;
  std::set<std::pair<int, int>> places;
  for (const json& panel : dashboard["panels"]) {
    const std::string title = panel["title"];
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second) << title;
    const json& grid = panel["gridPos"];
    for (int x = grid["x"]; x < grid["x"].get<int>() + grid["w"].get<int>(); x++) {
      for (int y = grid["y"]; y < grid["y"].get<int>() + grid["h"].get<int>(); y++) {
        EXPECT_LT(x, 24) << title;
        EXPECT_TRUE(places.emplace(x, y).second) << title << " covers another panel";
      }
    }
    const std::string type = panel["type"];
    if (type == "row") continue;
    EXPECT_TRUE(plugins.contains(type)) << type;
    EXPECT_FALSE(panel["targets"].empty()) << title;
    for (const json& target : panel["targets"]) {
      panels.insert(type + ": " + title + ": " + target["expr"].get<std::string>());
      EXPECT_EQ(target["datasource"]["uid"], "${datasource}") << title;
    }
  }
  EXPECT_THAT(
      panels,
      IsSupersetOf({
          std::string(R"(stat: Active Streams: sum({__name__="audio_streaming_active"}) or vector(0))"),
          std::string(
              R"(timeseries: Active Streams by User: sum by(user_id) ({__name__="audio_streaming_active"}))"),
          std::string(R"(stat: Active Jobs: sum({__name__="audio_jobs_active"}) or vector(0))"),
          std::string(
              R"(bargauge: Quota Violations (5m): sum by(type) (rate({__name__="audio_quota_violations_total"}[5m])))"
              R"( or on() label_replace(vector(0), "type", "none", "", ""))"),
      }));
}

TEST(DeployFilesTest, SystemdAcceptsTheUnits) {
  const PrivateFolder folder;
  // systemd-analyze looks for the program at the path in the unit.
  std::string service = ReadFile(kUnits + "shmetrics-agent.service");
  const std::string installed = "/usr/local/bin/shmetrics-agent";
  const std::size_t at = service.find(installed);
  ASSERT_NE(at, std::string::npos);
  std::ofstream(folder / "shmetrics-agent.service") << service.replace(at, installed.size(), SHMETRICS_AGENT);
  std::filesystem::copy(kUnits + "shmetrics-agent.socket", folder.path());
  std::ofstream(folder / "worker.service") << "[Service]\nExecStart=/bin/true\n";
  std::filesystem::copy(kUnits + "worker.service.d", folder / "worker.service.d");
  const Ended ended = RunProgram({"systemd-analyze", "verify", "--man=no", folder / "shmetrics-agent.service",
                                  folder / "shmetrics-agent.socket", folder / "worker.service"});
  EXPECT_EQ(ended.code, 0) << "scripts/setup --tests installs it";
  EXPECT_THAT(ended.errors, IsEmpty()) << "it warns and yet succeeds";
}

TEST(DeployFilesTest, TheUnitOfTheAgentIsHardened) {
  const Ended ended = RunProgram({"systemd-analyze", "security", "--offline=true", "--threshold=20",
                                  "--no-pager", kUnits + "shmetrics-agent.service"});
  EXPECT_EQ(ended.code, 0) << "exposed to more than 2.0 of 10: " << ended.output << ended.errors;
}

TEST(DeployFilesTest, SysusersAndTmpfilesMakeTheGroupTheUserAndTheFolder) {
  const PrivateFolder root;
  std::filesystem::create_directory(root / "etc");
  ExpectSuccess({"systemd-sysusers", "--root=" + root.path(), kUnits + "shmetrics.sysusers.conf"});
  const std::string groups = ReadFile(root / "etc/group");
  EXPECT_THAT(groups, ::testing::ContainsRegex("(^|\n)shmetrics:x:[0-9]+:shmetrics-agent\n"));
  EXPECT_THAT(ReadFile(root / "etc/passwd"),
              ::testing::ContainsRegex("(^|\n)shmetrics-agent:x:[0-9]+:[0-9]+:.*:/usr/sbin/nologin\n"));

  if (geteuid() != 0) GTEST_SKIP() << "only root can give a folder to root and to a group";
  ExpectSuccess(
      {"systemd-tmpfiles", "--root=" + root.path(), "--create", kUnits + "shmetrics.tmpfiles.conf"});
  struct stat folder {};
  ASSERT_EQ(stat((root / "run/shmetrics").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 07777, 02770U);
  EXPECT_EQ(folder.st_uid, 0U);
  const std::size_t gid = groups.find("shmetrics:x:") + std::string("shmetrics:x:").size();
  EXPECT_EQ(folder.st_gid, std::stoul(groups.substr(gid)));
}

/// Gives the calling process this user, and this group besides its own.
void Become(uid_t user, gid_t group) {
  ASSERT_EQ(setgroups(1, &group), 0);
  ASSERT_EQ(setresgid(user, user, user), 0);
  ASSERT_EQ(setresuid(user, user, user), 0);
}

TEST(DeployFilesTest, WorkersAndAgentOfDifferentUidsMeetInTheFolder) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can be several users";
  constexpr gid_t kGroup = 64'000;
  const PrivateFolder root;
  const std::string folder = root / "shmetrics";
  std::filesystem::permissions(root.path(), std::filesystem::perms(0711));
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  ASSERT_EQ(chown(folder.c_str(), 0, kGroup), 0);
  ASSERT_EQ(chmod(folder.c_str(), 02770), 0);  // like the tmpfiles configuration
  const std::string segment = folder + "/default.v1";

  std::vector<testing::Child> workers;
  for (const uid_t user : {64'001, 64'002}) {
    workers.emplace_back([&segment, user] {
      Become(user, kGroup);
      Registry& registry = Registry::open({.segment = segment});
      EXPECT_TRUE(registry.status().attached) << registry.status().error;
      registry.counter({.name = "requests_total"}).inc(user);
      registry.gauge({.name = "depth"}).set(1);
      pause();
    });
  }
  // Started by its descriptor, because the user may have no right to the build's folders. Inherited on
  // purpose.
  const shm::UniqueFd program(open(SHMETRICS_AGENT, O_RDONLY));  // NOLINT(android-cloexec-open)
  testing::Program agent({"setpriv", "--reuid=64003", "--regid=64000", "--clear-groups", "--",
                          "/proc/self/fd/" + std::to_string(program.get()), "--config.file", "/dev/null",
                          "--segment.path", segment, "--web.listen-address", "127.0.0.1:0"});
  const auto port = agent.WaitForText(" on 127.0.0.1:");
  ASSERT_TRUE(port.has_value()) << agent.errors();
  const auto scrape = [&] {
    return testing::Scrape(testing::Get(static_cast<std::uint16_t>(std::stoi(*port)), "/metrics").body);
  };
  testing::WaitUntil([&] { return scrape()["depth"] == 2.0; });
  EXPECT_EQ(scrape().Integer("requests_total"), 64'001U + 64'002U);
  workers[0].Kill();
  EXPECT_EQ(scrape()["depth"], 1.0) << "the agent sees who of another user lives";
}

}  // namespace
}  // namespace shmetrics
