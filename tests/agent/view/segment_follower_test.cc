#include "agent/view/segment_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "agent/view/bus_guard.h"
#include "tests/agent/view/segment_writer.h"

namespace shmetrics::agent {
namespace {

using shmetrics::testing::SegmentWriter;
using shmetrics::testing::TemporaryFolder;
using ::testing::HasSubstr;
using State = SegmentView::State;

class SegmentFollowerTest : public ::testing::Test {
 protected:
  SegmentFollowerTest() { BusGuard::Install(); }

  State Read() {
    follower_.Read(&view_);
    return view_.state;
  }
  /// The value of a counter in the view, or nothing.
  std::optional<std::uint64_t> Value(const std::string& name) const {
    for (const shm::FamilySnapshot& family : view_.snapshot.families) {
      if (family.name == name && !family.series.empty()) return family.series[0].integer;
    }
    return std::nullopt;
  }

  TemporaryFolder folder_;
  const std::string path_ = folder_ / "segment";
  SegmentFollower follower_{path_};
  SegmentView view_;
};

TEST_F(SegmentFollowerTest, ItWaitsForASegmentAndReadsItWhenItComes) {
  EXPECT_EQ(Read(), State::kWaiting);
  EXPECT_EQ(view_.message, "waiting for a worker to create segment " + path_);
  EXPECT_TRUE(view_.snapshot.families.empty());
  SegmentWriter writer(path_);
  writer.Count("a_total", 3);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 3U);
  writer.Count("a_total", 4);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 7U);
}

// Faults 27 and 31.
TEST_F(SegmentFollowerTest, ARefusedFileIsExplainedUntilASegmentTakesItsPlace) {
  std::ofstream(path_) << std::string(10'000, 'x');
  std::filesystem::permissions(path_,
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  EXPECT_EQ(Read(), State::kRefused);
  EXPECT_THAT(view_.message, HasSubstr(path_ + " refused: it is not a shmetrics segment"));
  std::filesystem::remove(path_);
  SegmentWriter(path_).Count("a_total", 1);
  EXPECT_EQ(Read(), State::kAttached);
}

// Fault 26.
TEST_F(SegmentFollowerTest, ARemovedSegmentIsReadOn) {
  SegmentWriter writer(path_);
  writer.Count("a_total", 3);
  Read();
  std::filesystem::remove(path_);
  writer.Count("a_total", 1);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 4U);
  EXPECT_THAT(view_.message, HasSubstr("still reading the segment that was there before"));
}

// Fault 26.
TEST_F(SegmentFollowerTest, TotalsOfAReplacedSegmentAreAddedAndGoOnCounting) {
  SegmentWriter old_writer(path_);
  old_writer.Count("a_total", 100);
  old_writer.Count("only_old_total", 5);
  Read();
  std::filesystem::remove(path_);
  SegmentWriter new_writer(path_);
  new_writer.Count("a_total", 1);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 101U);
  EXPECT_EQ(Value("only_old_total"), 5U);
  old_writer.Count("a_total", 10);
  Read();
  EXPECT_EQ(Value("a_total"), 111U);
}

TEST_F(SegmentFollowerTest, ASegmentRenamedAwayAndBackIsCountedOnce) {
  SegmentWriter first(path_);
  first.Count("a_total", 100);
  Read();
  std::filesystem::rename(path_, folder_ / "aside");
  SegmentWriter(path_).Count("a_total", 1);
  Read();
  EXPECT_EQ(Value("a_total"), 101U);
  std::filesystem::rename(folder_ / "aside", path_);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 101U);
}

TEST_F(SegmentFollowerTest, FourReplacedSegmentsAreKeptAndTheOldestGoes) {
  for (std::uint64_t n : {1, 10, 100, 1'000, 10'000, 100'000}) {
    std::filesystem::remove(path_);
    SegmentWriter(path_).Count("a_total", n);
    Read();
  }
  EXPECT_EQ(Value("a_total"), 111'110U);
}

// Fault 23.
TEST_F(SegmentFollowerTest, ASegmentThatIsCutOffIsCorruptUntilItIsReplaced) {
  SegmentWriter(path_).Count("a_total", 3);
  Read();
  std::filesystem::resize_file(path_, 4096);
  EXPECT_EQ(Read(), State::kCorrupt);
  EXPECT_THAT(view_.message, HasSubstr("cut off segment " + path_));
  EXPECT_TRUE(view_.snapshot.families.empty());
  EXPECT_EQ(Read(), State::kCorrupt);
  std::filesystem::remove(path_);
  EXPECT_EQ(Read(), State::kWaiting);
  SegmentWriter(path_).Count("a_total", 1);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 1U);
}

// Fault 23: these raise no signal, because the pages exist and hold zeros.
TEST_F(SegmentFollowerTest, ASegmentThatIsCutOffAndMadeAsLongAgainIsCorrupt) {
  SegmentWriter(path_).Count("a_total", 3);
  Read();
  const std::uintmax_t bytes = std::filesystem::file_size(path_);
  std::filesystem::resize_file(path_, 0);
  std::filesystem::resize_file(path_, bytes);
  EXPECT_EQ(Read(), State::kCorrupt);
  EXPECT_TRUE(view_.snapshot.families.empty());
}

// Fault 23.
TEST_F(SegmentFollowerTest, ASegmentOverwrittenByAnotherFileIsCorrupt) {
  SegmentWriter(path_).Count("a_total", 3);
  Read();
  std::fstream(path_, std::ios::in | std::ios::out) << "[Audio-Quota]\n";
  EXPECT_EQ(Read(), State::kCorrupt);
}

// Fault 23: the end of the file is still a hole, which nobody reads until the segment grows into it.
TEST_F(SegmentFollowerTest, ASegmentCutOffInItsUnusedPartIsCorrupt) {
  SegmentWriter writer(path_);
  Read();
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 4096);
  EXPECT_EQ(Read(), State::kCorrupt);
}

// Fault 23.
TEST_F(SegmentFollowerTest, ASegmentThatGrewIsReadOn) {
  SegmentWriter(path_).Count("a_total", 3);
  Read();
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) + 4096);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 3U);
}

// Faults 23 and 26.
TEST_F(SegmentFollowerTest, AReplacedSegmentThatIsCutOffIsForgotten) {
  SegmentWriter(path_).Count("a_total", 100);
  Read();
  const std::string aside = folder_ / "aside";
  std::filesystem::rename(path_, aside);
  SegmentWriter(path_).Count("a_total", 1);
  Read();
  std::filesystem::resize_file(aside, 0);
  EXPECT_EQ(Read(), State::kAttached);
  EXPECT_EQ(Value("a_total"), 1U);
}

}  // namespace
}  // namespace shmetrics::agent
