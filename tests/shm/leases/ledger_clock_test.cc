#include "shm/leases/ledger_clock.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "shm/snapshot/snapshot.h"
#include "tests/support/bare_worker.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"

namespace shmetrics::shm {
namespace {

class LedgerClockTest : public ::testing::Test {
 protected:
  std::uint64_t Jumps() const { return testing::Read(path_).snapshot().segment.ledger_jumps; }
  void Note(std::initializer_list<std::int64_t> days) {
    for (const std::int64_t day : days) NoteLedgerDay(worker_.segment(), day);
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  testing::BareWorker worker_{path_};
};

// Fault U3.
TEST_F(LedgerClockTest, MidnightAndAClockThatIsSetBackOverItAreNoJumps) {
  const std::int64_t today = UtcDay();
  Note({today, today, today + 1, today, today + 1});
  EXPECT_EQ(Jumps(), 0U);
}

// Fault U3.
TEST_F(LedgerClockTest, ADayFarFromTheFormerOneIsAJumpThereAndBack) {
  const std::int64_t today = UtcDay();
  Note({today, 0});
  EXPECT_EQ(Jumps(), 1U);
  Note({0, today});
  EXPECT_EQ(Jumps(), 2U);
  Note({today + 365, today + 366});
  EXPECT_EQ(Jumps(), 3U);
}

// Fault U3.
TEST_F(LedgerClockTest, DaysOnWhichNobodyUsedAnythingAreNoJumpIfTheyHavePassed) {
  const std::int64_t today = UtcDay();
  Note({today});
  // As if that had been three days ago, by both clocks.
  std::atomic<std::uint64_t>& noted = worker_.segment().mutable_header().ledger_day;
  noted = ((noted >> 32U) - 3) << 32U | (static_cast<std::uint32_t>(noted) - 3U);
  Note({today});
  EXPECT_EQ(Jumps(), 0U);
}

}  // namespace
}  // namespace shmetrics::shm
