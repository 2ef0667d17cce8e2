// Fault L16. A gauge that shows the latest set shows it also after the segment was replaced, whatever the
// order in which the workers move: moving a value is not setting it.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "shmetrics/shmetrics.h"
#include "tests/support/agent.h"
#include "tests/support/child.h"
#include "tests/support/http_client.h"
#include "tests/support/registry_fixture.h"
#include "tests/support/shared_page.h"

namespace shmetrics {
namespace {

using testing::Child;
using testing::WaitUntil;

/// How far the story has got, for a test and its children.
class Step {
 public:
  void Reach(int step) { *step_ = step; }
  void Await(int step) const {
    WaitUntil([&] { return *step_ >= step; });
  }

 private:
  testing::SharedPage<std::atomic<int>> step_;
};

class OrderOfSetsTest : public testing::RegistryFixture {
 protected:
  /// A registration is when a worker finds out that the segment was replaced, and moves.
  static void Move(Registry& registry) { registry.counter({.name = "moved_total"}).inc(); }
  void RemoveSegment() const { std::filesystem::remove(segment_); }

  Step step_;
};

class OrderInEachModeTest : public OrderOfSetsTest, public ::testing::WithParamInterface<GaugeMode> {
 protected:
  static GaugeFamily Latest(Registry& registry) { return registry.gauge({.name = "latest"}, GetParam()); }
};
INSTANTIATE_TEST_SUITE_P(Modes, OrderInEachModeTest,
                         ::testing::Values(GaugeMode::most_recent, GaugeMode::last), [](const auto& mode) {
                           return mode.param == GaugeMode::last ? "last" : "most_recent";
                         });

TEST_P(OrderInEachModeTest, TheValueSetLastIsShownThoughTheOtherWorkerMovesLast) {
  const Child first([&] {
    Registry& registry = Open();
    Latest(registry).set(1);
    step_.Reach(1);
    step_.Await(4);
    Move(registry);
    step_.Reach(5);
    step_.Await(99);
  });
  const Child second([&] {
    step_.Await(1);
    Registry& registry = Open();
    Latest(registry).set(2);
    step_.Reach(2);
    step_.Await(3);
    Move(registry);
    step_.Reach(4);
    step_.Await(99);
  });
  step_.Await(2);
  ASSERT_EQ(Read().Gauge("latest"), 2.0);
  RemoveSegment();
  step_.Reach(3);
  step_.Await(5);
  EXPECT_EQ(Read().Gauge("latest"), 2.0);
}

TEST_P(OrderInEachModeTest, AValueThatMovesInIsOlderThanWhatWasSetThereMeanwhile) {
  const Child mover([&] {
    Registry& registry = Open();
    for (int i = 0; i < 1'000; i++) Latest(registry).set(1);  // many tickets in the old segment
    step_.Reach(1);
    step_.Await(2);
    Move(registry);
    step_.Reach(3);
    step_.Await(99);
  });
  step_.Await(1);
  RemoveSegment();
  Latest(Open()).set(2);
  step_.Reach(2);
  step_.Await(3);
  EXPECT_EQ(Read().Gauge("latest"), 2.0);
}

TEST_P(OrderInEachModeTest, ASetAfterTheMoveIsLaterThanEveryValueThatMovedIn) {
  Registry& registry = Open();
  Latest(registry).set(1);
  const Child mover([&] {
    Registry& own = Open();
    for (int i = 0; i < 1'000; i++) Latest(own).set(2);
    RemoveSegment();
    Move(own);
    step_.Reach(1);
    step_.Await(99);
  });
  step_.Await(1);
  EXPECT_EQ(Read().Gauge("latest"), 2.0);
  Move(registry);
  EXPECT_EQ(Read().Gauge("latest"), 2.0);
  Latest(registry).set(3);
  EXPECT_EQ(Read().Gauge("latest"), 3.0);
}

TEST_F(OrderOfSetsTest, AValueSetWithoutASegmentIsOlderThanWhatOthersSetLater) {
  const std::string away = folder_ + "-away";
  std::filesystem::rename(folder_, away);
  Registry& registry = Open();
  const Gauge latest = registry.gauge({.name = "latest"}, GaugeMode::last).with({});
  latest.set(1);
  ASSERT_FALSE(registry.status().attached);
  std::filesystem::rename(away, folder_);
  Open().gauge({.name = "latest"}, GaugeMode::last).set(2);
  WaitUntil([&] {
    Move(registry);
    return registry.status().attached;
  });
  latest.add(0);
  EXPECT_EQ(Read().Gauge("latest"), 2.0);
}

TEST_P(OrderInEachModeTest, TheAgentShowsTheLatestOfBothSegmentsWhileAWorkerHasNotMoved) {
  Latest(Open()).set(1);
  testing::Agent agent(SHMETRICS_AGENT, segment_);
  ASSERT_NE(testing::Get(agent.port(), "/metrics").body.find("latest 1\n"), std::string::npos);
  const Child mover([&] {
    Registry& own = Open();
    Latest(own).set(2);
    step_.Reach(1);
    step_.Await(2);
    RemoveSegment();
    Move(own);
    step_.Reach(3);
    step_.Await(99);
  });
  step_.Await(1);
  Latest(Open()).set(3);  // in the old segment, and later than the value that moves
  step_.Reach(2);
  step_.Await(3);
  const std::string body = testing::Get(agent.port(), "/metrics").body;
  EXPECT_NE(body.find("latest 3\n"), std::string::npos) << body;
}

}  // namespace
}  // namespace shmetrics
