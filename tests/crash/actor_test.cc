#include "tests/crash/actor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "shm/base/crash_point.h"
#include "tests/support/shared_page.h"

namespace shmetrics::testing {
namespace {

struct Progress {
  std::atomic<int> steps;
};

/// Three steps, and a crash point before each.
Operation Steps(const SharedPage<Progress>& progress) {
  return {"steps", [](const std::string&) {},
          [&progress](const std::string&) {
            return [&progress] {
              for (const char* point : {"first", "second", "third"}) {
                SHMETRICS_CRASH_POINT(point);
                progress->steps++;
              }
            };
          },
          [](Lessee&, SegmentReading&, Runs) {}};
}

TEST(ActorTest, IsPausedWhereItIsToldAndGoesOnFromThere) {
  const SharedPage<Progress> progress;
  Actor actor(Steps(progress), "");
  EXPECT_EQ(progress->steps, 0);
  actor.RunTo(2);
  EXPECT_EQ(actor.point(), "second");
  EXPECT_EQ(progress->steps, 1);
  actor.RunTo(1);
  EXPECT_EQ(actor.point(), "third");
  actor.RunToEnd();
  EXPECT_TRUE(actor.is_done());
  EXPECT_EQ(progress->steps, 3);
  actor.Leave();
}

TEST(ActorTest, DiesWhereItIsPaused) {
  const SharedPage<Progress> progress;
  Actor actor(Steps(progress), "");
  actor.RunTo(2);
  actor.Kill();
  EXPECT_EQ(progress->steps, 1);
}

}  // namespace
}  // namespace shmetrics::testing
