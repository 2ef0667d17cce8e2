#include "agent/view/current_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "agent/view/bus_guard.h"
#include "shmetrics/shmetrics.h"
#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::SegmentWriter;
using shmetrics::testing::TemporaryFolder;
using ::testing::IsEmpty;

class CurrentViewTest : public ::testing::Test {
 protected:
  CurrentViewTest() { BusGuard::Install(); }

  SegmentView Look() { return CurrentView::Turn(&view_).Look(); }
  std::optional<std::vector<shm::LedgerRecord>> LedgerToSave() {
    CurrentView::Turn turn(&view_);
    turn.Look();
    return turn.LedgerToSave();
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "segment";
  CurrentView view_{path_};
};

TEST_F(CurrentViewTest, EachLookIsFresh) {
  EXPECT_EQ(Look().state, SegmentView::State::kWaiting);
  SegmentWriter writer(path_);
  writer.Count("jobs_total", 3);
  EXPECT_EQ(Look().state, SegmentView::State::kAttached);
  EXPECT_EQ(Look().snapshot.families.size(), 1U);
  writer.Count("other_total", 1);
  EXPECT_EQ(Look().snapshot.families.size(), 2U);
}

// Fault A7.
TEST_F(CurrentViewTest, WhetherThereIsASegmentIsKnownWithoutWaitingForATurn) {
  EXPECT_EQ(view_.Now().state, SegmentView::State::kWaiting);
  SegmentWriter writer(path_);
  EXPECT_EQ(view_.Now().state, SegmentView::State::kAttached) << "it looks by itself";
  EXPECT_EQ(view_.Now().message, "reading segment " + path_);
  CurrentView::Turn turn(&view_);
  std::filesystem::resize_file(path_, 0);
  EXPECT_EQ(std::async(std::launch::async, [&] { return view_.Now(); }).get().state,
            SegmentView::State::kAttached)
      << "what the look before has found";
  EXPECT_EQ(turn.Look().state, SegmentView::State::kCorrupt);
  EXPECT_EQ(std::async(std::launch::async, [&] { return view_.Now(); }).get().state,
            SegmentView::State::kCorrupt);
}

// Fault A7.
TEST_F(CurrentViewTest, AGlanceSeesTheSegmentButNotItsSeries) {
  SegmentWriter writer(path_);
  writer.Count("jobs_total", 3);
  CurrentView::Turn turn(&view_);
  turn.Look();
  writer.Count("other_total", 1);
  EXPECT_EQ(turn.Glance().snapshot.segment.family_count, 2U);
  EXPECT_EQ(turn.Glance().snapshot.families.size(), 1U);
  EXPECT_EQ(turn.LookNotOlderThan(std::chrono::hours(1)).snapshot.families.size(), 1U);
  EXPECT_EQ(turn.LookNotOlderThan(std::chrono::seconds(-1)).snapshot.families.size(), 2U);
}

TEST_F(CurrentViewTest, AGlanceAtANewSegmentShowsNothingOfTheOldOne) {
  {
    SegmentWriter writer(path_);
    writer.Count("jobs_total", 3);
    CurrentView::Turn(&view_).Look();
  }
  std::filesystem::remove(path_);
  SegmentWriter writer(path_);
  CurrentView::Turn turn(&view_);
  EXPECT_EQ(turn.Glance().snapshot.families.size(), 1U) << "its totals are added";
  EXPECT_EQ(turn.Glance().snapshot.segment.family_count, 0U);
}

// Fault A4.
TEST_F(CurrentViewTest, TheTimeOfATurnIsKnownToOthers) {
  EXPECT_EQ(view_.TurnTime().count(), 0);
  {
    const CurrentView::Turn turn(&view_);
    while (view_.TurnTime().count() == 0) std::this_thread::yield();
  }
  EXPECT_EQ(view_.TurnTime().count(), 0);
}

TEST_F(CurrentViewTest, AKeyThatIsGoneIsSeenAt0) {
  const LeaseGaugeFamily streams =
      Registry::open({.segment = path_}).lease_gauge({.name = "streams", .labels = {"user_id"}});
  Result<Lease> lease = streams.try_acquire({"42"});
  ASSERT_TRUE(lease.ok()) << lease.error().message;
  EXPECT_EQ(Look().snapshot.families[0].series[0].number, 1);
  lease->release();
  const SegmentView after = Look();
  ASSERT_EQ(after.snapshot.families[0].series.size(), 1U);
  EXPECT_EQ(after.snapshot.families[0].series[0].name_and_labels, "streams{user_id=\"42\"}");
  EXPECT_EQ(after.snapshot.families[0].series[0].number, 0);
}

TEST_F(CurrentViewTest, ThreadsLookOneAtATime) {
  std::optional<CurrentView::Turn> turn(std::in_place, &view_);
  std::future<void> other = std::async(std::launch::async, [this] { Look(); });
  EXPECT_EQ(other.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  turn.reset();
  other.get();
}

TEST_F(CurrentViewTest, TheLedgerIsThatOfTheSegment) {
  const auto ledger = [this] {
    CurrentView::Turn turn(&view_);
    turn.Look();
    return turn.Ledger();
  };
  EXPECT_THAT(ledger(), IsEmpty());
  SegmentWriter(path_).SetTier("42", 2);
  ASSERT_EQ(ledger().size(), 1U);
  EXPECT_EQ(ledger().front().key, "42");
}

TEST_F(CurrentViewTest, WithoutASegmentThereIsNoLedgerToSave) { EXPECT_FALSE(LedgerToSave()); }

TEST_F(CurrentViewTest, TheLedgerIsSavedOnlyAfterTheFormerOneWasLoaded) {
  SegmentWriter writer(path_);
  writer.SetTier("42", 3);
  EXPECT_FALSE(LedgerToSave());
  writer.MarkLedgerLoaded();
  const auto ledger = LedgerToSave();
  ASSERT_TRUE(ledger);
  ASSERT_EQ(ledger->size(), 1U);
  EXPECT_EQ(ledger->front().key, "42");
  EXPECT_EQ(ledger->front().key_class, 3U);
}

TEST_F(CurrentViewTest, TheLedgerOfACutOffSegmentIsNotSaved) {
  SegmentWriter writer(path_);
  writer.MarkLedgerLoaded();
  ASSERT_TRUE(LedgerToSave());
  std::filesystem::resize_file(path_, 4096);
  EXPECT_FALSE(LedgerToSave());
}

}  // namespace
}  // namespace shmetrics::agent
