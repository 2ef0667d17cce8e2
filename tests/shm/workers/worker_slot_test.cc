#include "shm/workers/worker_slot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "shm/base/crash_point.h"
#include "shm/base/fork_guard.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/slot_holder.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::SegmentReading;

class WorkerSlotTest : public testing::SlotHolderTest {};

TEST_F(WorkerSlotTest, LivingWorkerIsShownWithNameAndProcess) {
  const Child worker = Worker(Pause);
  EXPECT_EQ(Alive(), 1U);
  const SegmentReading reading = testing::Read(path_);
  ASSERT_EQ(reading.snapshot().workers.size(), 1U);
  const WorkerSnapshot& shown = reading.snapshot().workers[0];
  EXPECT_EQ(shown.name, "bare worker");
  EXPECT_EQ(shown.pid, static_cast<std::uint32_t>(worker.pid()));
  EXPECT_EQ(shown.epoch, 1U);
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  EXPECT_LE(shown.started_unix_ns, (now.tv_sec + 1) * 1'000'000'000LL);
  EXPECT_GT(shown.started_unix_ns, (now.tv_sec - 3'600) * 1'000'000'000LL) << "the child began just now";
}

TEST_F(WorkerSlotTest, HoldReturnsTheSameSlotEveryTime) {
  BareWorker worker(path_);
  const ForkGuard::Lock lock;
  const auto first = worker.slot().Hold();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(worker.slot().Hold().value(), first.value());
  EXPECT_EQ(first.value()->epoch.load(), 1U);
}

TEST_F(WorkerSlotTest, ForkedChildClaimsASlotOfItsOwn) {
  Child worker = Worker([&] {
    // The child goes on with the parent's objects, as a prefork server does.
    const pid_t child = fork();
    if (child == 0) {
      ClaimSlot();
      other_->store(getpid());
    }
    Pause();
  });
  testing::WaitUntil([&] { return other_->load() != 0; });
  EXPECT_EQ(Alive(), 2U);
  worker.Kill();
  EXPECT_EQ(Alive(), 1U) << "the child's slot does not hang on the parent";
  kill(other_->load(), SIGKILL);
}

TEST_F(WorkerSlotTest, InheritedHoldIsClaimedAnewInTheChild) {
  BareWorker worker(path_);
  worker.Set(lives_, {}, 1);
  EXPECT_EQ(testing::RunInChild([&] {
              worker.Set(lives_, {}, 1);
              EXPECT_EQ(Alive(), 2U);
            }),
            0);
  EXPECT_EQ(Alive(), 1U);
}

TEST_F(WorkerSlotTest, SlotOfADeadWorkerIsTakenAgainWithoutItsGauges) {
  Child first = Worker(Pause);
  const Child second = Worker(Pause);
  first.Kill();
  const Child third = Worker(Pause);
  const SegmentReading reading = testing::Read(path_);
  ASSERT_EQ(reading.snapshot().workers.size(), 2U);
  EXPECT_EQ(reading.snapshot().workers[0].epoch, 2U);
  EXPECT_EQ(reading.snapshot().segment.worker_starts, 3U);
  EXPECT_EQ(reading.snapshot().workers[0].pid, static_cast<std::uint32_t>(third.pid()));
  EXPECT_EQ(Alive(), 2U);
}

// Faults 4 and 6: the next owner's first lock says that the slot is taken. Only its last lock says that the
// words are its own.
TEST_F(WorkerSlotTest, GaugesOfTheDeadDoNotComeBackWhileTheirSlotIsBeingClaimed) {
  for (const char* point : {"slot_claim_locked", "slot_epoch_bumped", "slot_taken_over"}) {
    Worker(Pause).Kill();
    static std::string_view claimed_so_far;
    static std::atomic<bool>* stands;
    claimed_so_far = point;
    stands = &*holds_;
    holds_->store(false);
    const Child heir([&] {
      crash_point_hook = [](const char* name) {
        if (name != claimed_so_far) return;
        stands->store(true);
        Pause();
      };
      ClaimSlot();
    });
    testing::WaitUntil([&] { return holds_->load(); });
    EXPECT_EQ(Alive(), 0U) << point;
    EXPECT_FALSE(testing::Read(path_).Shows("lives")) << point;
  }
}

TEST_F(WorkerSlotTest, OneWorkerTooManyIsRefusedAndCounted) {
  std::vector<Child> workers;
  for (int i = 0; i < 16; i++) workers.push_back(Worker(Pause));
  EXPECT_EQ(Alive(), 16U);
  BareWorker late(path_);
  {
    const ForkGuard::Lock lock;
    const auto first = late.slot().Hold();
    ASSERT_FALSE(first.ok());
    EXPECT_EQ(first.error().code, ErrorCode::kNoFreeSlot);
    EXPECT_THAT(first.error().message, ::testing::HasSubstr("all 16 worker slots"));
    const auto again = late.slot().Hold();  // within a second: no new attempt, the same answer
    ASSERT_FALSE(again.ok());
    EXPECT_EQ(again.error().code, ErrorCode::kNoFreeSlot);
  }
  EXPECT_EQ(testing::Read(path_).Refusals(layout::Refusal::kNoFreeSlot), 1U);
  workers[7].Kill();
  BareWorker next(path_);
  next.Set(lives_, {}, 1);
  EXPECT_EQ(testing::Read(path_).snapshot().workers[7].epoch, 2U);
}

TEST_F(WorkerSlotTest, NoSlotIsClaimedInASegmentThatLostItsName) {
  BareWorker worker(path_);
  std::filesystem::remove(path_);
  const ForkGuard::Lock lock;
  EXPECT_EQ(worker.slot().Hold().error().code, ErrorCode::kAbsent);
  BareWorker replacement(path_);
  WorkerSlot slot(worker.segment(), "late");
  EXPECT_EQ(slot.Hold().error().code, ErrorCode::kAbsent) << "claimed a slot in the wrong file";
}

TEST_F(WorkerSlotTest, ReleasedSlotIsDead) {
  SegmentReading reading(path_);
  BareWorker worker(path_);
  worker.Set(lives_, {}, 1);
  EXPECT_EQ(reading.Again().AliveWorkers(), 1U);
  std::filesystem::remove(path_);
  const ForkGuard::Lock lock;
  worker.slot().Release();
  EXPECT_EQ(reading.Again().AliveWorkers(), 0U);
  EXPECT_EQ(reading.Gauge("lives"), std::nullopt);
}

TEST_F(WorkerSlotTest, LongNameIsCutBetweenCharacters) {
  BareWorker worker(path_);
  WorkerSlot slot(worker.segment(), std::string(31, 'x').append("\u00e9"));
  const ForkGuard::Lock lock;
  ASSERT_TRUE(slot.Hold().ok());
  EXPECT_EQ(testing::Read(path_).snapshot().workers[0].name, std::string(31, 'x'));
}

}  // namespace
}  // namespace shmetrics::shm
