#include "agent/audio/saving_thread.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "client-lib/audio/ledger_loader.h"
#include "tests/agent/view/segment_writer.h"
#include "tests/support/child.h"

namespace shmetrics::agent {
namespace {

using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace)
using Outcome = SavingThread::Outcome;

class SavingThreadTest : public ::testing::Test {
 protected:
  SavingThreadTest() {
    audio_.state_file = state_;
    writer_.SetTier("42", 3);
    writer_.MarkLedgerLoaded();
  }
  std::size_t Saved() const {
    const auto read = audio::ReadLedgerFile(state_);
    return read.ok() ? read->size() : 0;
  }

  shmetrics::testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "segment";
  const std::string state_ = folder_ / "ledger.json";
  shmetrics::testing::SegmentWriter writer_{path_};
  CurrentView view_{path_};
  audio::AudioConfig audio_;
  SaveStats stats_;
};

TEST_F(SavingThreadTest, ItSavesAgainAndAgainAndAtTheEndThreads) {
  SavingThread saving(&view_, audio_, &stats_, 1ms);
  shmetrics::testing::WaitUntil([&] { return Saved() == 1; });
  std::filesystem::remove(state_);
  shmetrics::testing::WaitUntil([&] { return Saved() == 1; });
  writer_.SetTier("43", 3);
  EXPECT_EQ(saving.Finish(1min), Outcome::kSaved);
  EXPECT_EQ(Saved(), 2U);
}

TEST_F(SavingThreadTest, WhatFailsAtTheEndIsSaid) {
  audio_.state_file = folder_ / "missing/ledger.json";
  SavingThread saving(&view_, audio_, &stats_, 1h);
  EXPECT_EQ(saving.Finish(1min), Outcome::kFailed);
  EXPECT_EQ(stats_.failures, 1U);
}

// Fault A4.
TEST_F(SavingThreadTest, AnEndThatTakesTooLongIsNotWaitedFor) {
  SavingThread saving(&view_, audio_, &stats_, 1h);
  {
    const CurrentView::Turn turn(&view_);
    EXPECT_EQ(saving.Finish(1ms), Outcome::kTooLate);
  }
  EXPECT_EQ(saving.Finish(1min), Outcome::kSaved);
}

TEST_F(SavingThreadTest, WithoutAStateFileThereIsNothingToSave) {
  audio_.state_file.clear();
  SavingThread saving(&view_, audio_, &stats_, 1ms);
  EXPECT_EQ(saving.Finish(0ms), Outcome::kSaved);
}

TEST_F(SavingThreadTest, AReloadThatHashesIdsHoldsForTheNextSave) {
  SavingThread saving(&view_, audio_, &stats_, 1h);
  audio_.hash_user_id = true;
  saving.SetAudio(audio_);
  EXPECT_EQ(saving.Finish(1min), Outcome::kSaved);
  EXPECT_TRUE(std::filesystem::exists(state_));
  EXPECT_EQ(Saved(), 0U) << "a raw id must not get into the file";
}

}  // namespace
}  // namespace shmetrics::agent
