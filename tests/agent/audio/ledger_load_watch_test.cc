#include "agent/audio/ledger_load_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "agent/base/log.h"

namespace shmetrics::agent {
namespace {

using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

class LedgerLoadWatchTest : public ::testing::Test {
 protected:
  LedgerLoadWatchTest() {
    view_.state = SegmentView::State::kAttached;
    view_.snapshot.segment.ledger_entries = 64;
  }
  /// The log lines of a look after so many seconds.
  std::string LogAt(int at) {
    StartLog(LogLevel::kInfo);
    ::testing::internal::CaptureStderr();
    watch_.Look(view_, std::chrono::steady_clock::time_point(seconds(1'000 + at)));
    return ::testing::internal::GetCapturedStderr();
  }

  SegmentView view_;
  LedgerLoadWatch watch_{"/var/lib/x/state.json"};
};

TEST_F(LedgerLoadWatchTest, AfterAMinuteItWarnsOnceAndNamesTheFile) {
  EXPECT_EQ(LogAt(0), "");
  EXPECT_EQ(LogAt(60), "");
  EXPECT_THAT(LogAt(61), AllOf(HasSubstr("level=warn"), HasSubstr("/var/lib/x/state.json"),
                               HasSubstr("same state_file in their configuration")));
  EXPECT_EQ(LogAt(62), "");
  EXPECT_EQ(LogAt(1'000), "");
}

TEST_F(LedgerLoadWatchTest, ItSaysOnceThatTheLedgerHasBeenLoadedAfterAll) {
  LogAt(0);
  LogAt(61);
  view_.snapshot.segment.ledger_loaded = true;
  EXPECT_THAT(LogAt(70), AllOf(HasSubstr("level=info"), HasSubstr("/var/lib/x/state.json")));
  EXPECT_EQ(LogAt(80), "");
}

TEST_F(LedgerLoadWatchTest, ALedgerLoadedInTimeOrWithoutUsersIsNoWarning) {
  LogAt(0);
  view_.snapshot.segment.ledger_loaded = true;
  EXPECT_EQ(LogAt(10), "");
  view_.snapshot.segment.ledger_loaded = false;
  view_.snapshot.segment.ledger_entries = 0;
  EXPECT_EQ(LogAt(20), "");
  EXPECT_EQ(LogAt(100), "");
}

TEST_F(LedgerLoadWatchTest, ANewSegmentStartsANewMinute) {
  LogAt(0);
  view_.state = SegmentView::State::kWaiting;
  EXPECT_EQ(LogAt(50), "");
  EXPECT_EQ(LogAt(100), "");
  view_.state = SegmentView::State::kAttached;
  EXPECT_EQ(LogAt(110), "");
  EXPECT_EQ(LogAt(170), "");
  EXPECT_THAT(LogAt(171), HasSubstr("level=warn"));
}

}  // namespace
}  // namespace shmetrics::agent
