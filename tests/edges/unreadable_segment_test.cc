// Fault A17. An agent that may not read its segment says so when it starts: whose it is, who the agent is, and
// what to do. It also names the other segments that it sees, which is where the workers usually are.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/give_up_rights.h"
#include "tests/support/http_client.h"
#include "tests/support/mount_namespace.h"
#include "tests/support/registry_fixture.h"

namespace shmetrics {
namespace {

using testing::Agent;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class UnreadableSegmentTest : public testing::RegistryFixture {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root has rights to give up";
    if (!testing::CanMount("/dev/shm")) GTEST_SKIP() << "no mount namespaces here";
  }

  /// Runs as nobody on a host whose /dev/shm has only what root's worker has made at `segment`.
  static void AsNobody(const std::string& segment, const std::function<void()>& body) {
    EXPECT_EQ(testing::RunInChild([&] {
                ASSERT_TRUE(testing::EnterMountNamespace() && testing::MountTmpfs("/dev/shm", "64m"));
                ASSERT_EQ(chmod("/dev/shm", 01777), 0);
                // Its own folder in /dev/shm is made by a worker, and closed to others.
                if (!segment.starts_with("/dev/shm/shmetrics-"))
                  std::filesystem::create_directory(std::filesystem::path(segment).parent_path());
                Registry::open({.segment = segment, .segment_bytes = 8U << 20U}).counter({.name = "a"}).inc();
                ASSERT_TRUE(testing::GiveUpRights());
                body();
              }),
              0);
  }
  static std::string Ready(const Agent& agent, int status) {
    const testing::HttpAnswer answer = testing::Get(agent.port(), "/-/ready");
    EXPECT_EQ(answer.status, status);
    return answer.body;
  }
  static std::string StateOf(const Agent& agent) {
    return nlohmann::json::parse(testing::Get(agent.port(), "/api/v1/status").body)["state"];
  }
};

TEST_F(UnreadableSegmentTest, AFileOfAnotherUserIsNamedAtStartWithModeOwnerAndRemedy) {
  AsNobody("/dev/shm/open/s.v1", [] {
    Agent agent(SHMETRICS_AGENT, "/dev/shm/open/s.v1");
    agent.process().WaitForText("run the agent as root");
    const std::string log = agent.process().errors();
    EXPECT_THAT(log,
                AllOf(HasSubstr("level=warn"), HasSubstr("/dev/shm/open/s.v1 refused: Permission denied"),
                      HasSubstr("/dev/shm/open/s.v1 has mode 0600, uid 0 (root), gid 0 (root)"),
                      HasSubstr("the agent runs as uid 65534 (nobody)"),
                      HasSubstr("run the agent as root, or let workers and agent meet in /run/shmetrics")));
    EXPECT_THAT(log, Not(HasSubstr("waiting")));
    EXPECT_THAT(Ready(agent, 503),
                AllOf(HasSubstr("mode 0600, uid 0 (root)"), HasSubstr("run the agent as")));
    EXPECT_EQ(StateOf(agent), "refused");
  });
}

TEST_F(UnreadableSegmentTest, AFolderOfAnotherUserIsNamedInPlaceOfTheFileInIt) {
  AsNobody("/dev/shm/closed/s.v1", [] {
    // Root's own folder could be closed only before its rights were given up.
    std::filesystem::create_directory("/dev/shm/mine");
    ASSERT_EQ(chmod("/dev/shm/mine", 0), 0);
    Agent agent(SHMETRICS_AGENT, "/dev/shm/mine/s.v1");
    agent.process().WaitForText("run the agent as nobody");
    EXPECT_THAT(agent.process().errors(), HasSubstr("/dev/shm/mine has mode 0000, uid 65534 (nobody)"));
  });
}

TEST_F(UnreadableSegmentTest, OtherSegmentsAreNamedAtStart) {
  AsNobody("/dev/shm/shmetrics-0/default.v1", [] {
    const std::string folder = "/dev/shm/shmetrics-65534";
    std::filesystem::create_directory(folder);
    chmod(folder.c_str(), 0700);
    for (int i = 0; i < 12; i++) std::ofstream(folder + "/s" + std::to_string(10 + i) + ".v1") << "";
    std::ofstream(folder + "/notes.txt") << "";
    Agent agent(SHMETRICS_AGENT, folder + "/default.v1");
    const std::optional<std::string> others = agent.process().WaitForText("other segments here");
    ASSERT_TRUE(others);
    EXPECT_THAT(*others, HasSubstr(folder + "/s10.v1 (mode "));
    EXPECT_THAT(*others, ContainsRegex(", and [0-9]+ more"));
    EXPECT_THAT(*others, Not(HasSubstr("notes")));
    EXPECT_THAT(agent.process().errors(), HasSubstr("waiting for a worker to create segment " + folder));
    EXPECT_THAT(Ready(agent, 503), HasSubstr("waiting"));
  });
}

TEST_F(UnreadableSegmentTest, AnotherUsersFolderThatCannotBeListedIsNamed) {
  AsNobody("/dev/shm/shmetrics-0/default.v1", [] {
    Agent agent(SHMETRICS_AGENT, "/dev/shm/shmetrics-65534/default.v1");
    const std::optional<std::string> others = agent.process().WaitForText("other segments here");
    ASSERT_TRUE(others);
    EXPECT_THAT(*others, HasSubstr("/dev/shm/shmetrics-0 (which cannot be listed, mode 0700, uid 0 (root)"));
  });
}

TEST_F(UnreadableSegmentTest, TheAgentSaysAtStartWhatItReads) {
  Open().counter({.name = "a"}).inc();
  Agent agent(SHMETRICS_AGENT, segment_);
  EXPECT_TRUE(agent.process().WaitForText("reading segment " + segment_));
}

// The metric that the README names for the age of counters.
TEST_F(UnreadableSegmentTest, AnAgentThatStartsAgainDoesNotMoveTheStartOfCounters) {
  Open().counter({.name = "jobs"}).inc();
  std::optional<double> created;
  for (int i = 0; i < 2; i++) {
    const Agent agent(SHMETRICS_AGENT, segment_);
    const std::optional<double> now = agent.Get()["shmetrics_segment_created_timestamp_seconds"];
    ASSERT_TRUE(now);
    EXPECT_EQ(created.value_or(*now), *now);
    created = now;
  }
}

}  // namespace
}  // namespace shmetrics
