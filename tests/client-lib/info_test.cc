#include "shmetrics/info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "shm/snapshot/snapshot.h"
#include "shmetrics/shmetrics.h"
#include "tests/support/child.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using ::testing::ElementsAre;
using testing::SegmentReading;
using testing::SharedPage;
using testing::WaitUntil;

class InfoTest : public testing::RegistryFixture {
 protected:
  static InfoFamily Say(Registry& registry, const std::string& version) {
    return registry.info({.name = "app_build", .help = "What runs here."}, {{"version", version}});
  }
  /// The versions that are shown.
  std::vector<std::string> Versions() const {
    const SegmentReading reading = Read();
    const shm::FamilySnapshot* family = reading.Family("app_build_info");
    std::vector<std::string> versions;
    if (family == nullptr) return versions;
    for (const shm::SeriesSnapshot& series : family->series) {
      EXPECT_EQ(series.number, 1.0);
      versions.emplace_back(series.labels());
    }
    return versions;
  }
};

TEST_F(InfoTest, IsShownWithItsLabelsAndTheValueOne) {
  const InfoFamily info = Open().info({.name = "app_build", .help = "What runs here."},
                                      {{"version", "1.2.3"}, {"commit", "ab\"c"}});
  EXPECT_TRUE(info.ok()) << info.error();
  const SegmentReading reading = Read();
  EXPECT_EQ(reading.Gauge(R"(app_build_info{version="1.2.3",commit="ab\"c"})"), 1.0);
  EXPECT_EQ(reading.Family("app_build_info")->gauge_mode, shm::layout::GaugeMode::kInfo);
}

TEST_F(InfoTest, SaidAgainItsFormerValuesAreReplaced) {
  Registry& registry = Open();
  for (const char* version : {"1", "2", "2", "1", "3"}) {
    Say(registry, version);
    EXPECT_THAT(Versions(), ElementsAre("version=\"" + std::string(version) + "\""));
  }
}

// Fault 6.
TEST_F(InfoTest, IsShownWhileAWorkerLivesThatSaysIt) {
  SharedPage<std::atomic<int>> ready;
  const auto live = [&](const char* version) {
    Say(Open(), version);
    ++*ready;
    while (true) pause();
  };
  Child one([&] { live("1"); });
  WaitUntil([&] { return *ready == 1; });
  Child same([&] { live("1"); });
  Child other([&] { live("2"); });
  WaitUntil([&] { return *ready == 3; });
  EXPECT_THAT(Versions(), ElementsAre("version=\"1\"", "version=\"2\""));
  one.Kill();
  EXPECT_THAT(Versions(), ElementsAre("version=\"1\"", "version=\"2\""));
  same.Kill();
  EXPECT_THAT(Versions(), ElementsAre("version=\"2\""));
  other.Kill();
  EXPECT_TRUE(Versions().empty());
}

// Fault 15.
TEST_F(InfoTest, AChildSaysItsOwnAndLeavesItsParents) {
  Registry& registry = Open();
  Say(registry, "parent");
  EXPECT_EQ(testing::RunInChild([&] {
              EXPECT_THAT(Versions(), ElementsAre("version=\"parent\""));
              Say(registry, "child");
              EXPECT_EQ(Versions().size(), 2U);
              Say(registry, "parent");
              EXPECT_THAT(Versions(), ElementsAre("version=\"parent\""));
            }),
            0);
  EXPECT_THAT(Versions(), ElementsAre("version=\"parent\""));
}

// Fault 26.
TEST_F(InfoTest, MovesOverWhenTheSegmentIsReplaced) {
  Registry& registry = Open();
  Say(registry, "1");
  Say(registry, "2");
  std::filesystem::remove(segment_);
  registry.counter({.name = "jobs_total"});
  EXPECT_THAT(Versions(), ElementsAre("version=\"2\""));
}

// Fault 35.
TEST_F(InfoTest, OtherLabelNamesAndCollidingNamesAreRefused) {
  Registry& registry = Open();
  Say(registry, "1");
  const InfoFamily other = registry.info({.name = "app_build"}, {{"commit", "x"}});
  EXPECT_THAT(other.error(), ::testing::HasSubstr("of mode info {commit}"));
  EXPECT_FALSE(registry.gauge({.name = "app_build"}).ok()) << "OpenMetrics knows the info by that name";
  EXPECT_FALSE(registry.gauge({.name = "app_build_info", .labels = {"version"}}).ok());
  EXPECT_FALSE(registry.info({.name = "bad name"}, {}).ok());
  EXPECT_FALSE(registry.info({.name = "twice"}, {{"a", "1"}, {"a", "2"}}).ok());
  EXPECT_THAT(Versions(), ElementsAre("version=\"1\"")) << "what was said before stands";
}

TEST_F(InfoTest, ThreadsThatSayDifferentThingsAtOnceLeaveOne) {
  Registry& registry = Open();
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; thread++) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 500; i++) Say(registry, std::to_string((thread + i) % 5));
    });
  }
  threads.clear();
  EXPECT_EQ(Versions().size(), 1U);
}

}  // namespace
}  // namespace shmetrics
