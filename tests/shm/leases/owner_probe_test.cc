#include "shm/leases/owner_probe.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <string>

#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/refused_question.h"
#include "tests/support/shared_page.h"

namespace shmetrics::shm {
namespace {

using testing::BareWorker;
using testing::Child;
using testing::RunInChild;
using Asks = OwnerProbe::Asks;

class OwnerProbeTest : public ::testing::Test {
 protected:
  struct Owner {
    Child process;
    std::uint32_t slot;
    std::uint64_t epoch;
  };
  /// A process that holds a slot until it is killed.
  Owner NewOwner() {
    struct Place {
      std::atomic<std::uint32_t> slot;
      std::atomic<std::uint64_t> epoch;
    };
    const testing::SharedPage<Place> place;
    Child process([&] {
      BareWorker worker(path_);
      const layout::WorkerSlot* slot = worker.slot().Hold().value();
      place->slot = static_cast<std::uint32_t>(slot - &worker.segment().worker_slot(0));
      place->epoch = slot->epoch.load();
      for (;;) pause();
    });
    testing::WaitUntil([&] { return place->epoch.load() != 0; });
    return {std::move(process), place->slot, place->epoch};
  }
  bool IsDead(const Owner& owner, Asks asks) {
    return OwnerProbe(asking_.segment(), asks).IsDead(owner.slot, owner.epoch);
  }

  testing::PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  BareWorker asking_{path_};
};

TEST_F(OwnerProbeTest, ALivingOwnerIsNotDeadWhetherOrNotTheKernelIsAsked) {
  const Owner owner = NewOwner();
  EXPECT_FALSE(IsDead(owner, Asks::kNobody));
  EXPECT_FALSE(IsDead(owner, Asks::kTheKernel));
}

// Fault 6.
TEST_F(OwnerProbeTest, AKilledOwnerIsDeadOnlyIfTheKernelIsAsked) {
  Owner owner = NewOwner();
  owner.process.Kill();
  EXPECT_TRUE(IsDead(owner, Asks::kTheKernel));
  EXPECT_FALSE(IsDead(owner, Asks::kNobody)) << "nothing in the segment says that it is dead";
}

// Fault 10.
TEST_F(OwnerProbeTest, AKilledOwnerWhoseParentNeverWaitsIsDead) {
  const Owner owner = NewOwner();
  owner.process.Signal(SIGKILL);
  siginfo_t info;
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(owner.process.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(IsDead(owner, Asks::kTheKernel));
}

// Fault 7.
TEST_F(OwnerProbeTest, AStoppedOwnerIsAlive) {
  const Owner owner = NewOwner();
  owner.process.Signal(SIGSTOP);
  EXPECT_FALSE(IsDead(owner, Asks::kTheKernel));
}

TEST_F(OwnerProbeTest, AnOwnerWhoseSlotHasGoneToAnotherIsDeadWithoutAskingTheKernel) {
  Owner former = NewOwner();
  former.process.Kill();
  const Owner successor = NewOwner();
  ASSERT_EQ(successor.slot, former.slot);
  EXPECT_TRUE(IsDead(former, Asks::kNobody));
  EXPECT_TRUE(IsDead(former, Asks::kTheKernel));
  EXPECT_FALSE(IsDead(successor, Asks::kTheKernel));
}

// Fault 24.
TEST_F(OwnerProbeTest, AnOwnerInASlotThatTheSegmentDoesNotHaveIsDead) {
  for (const std::uint32_t slot : {asking_.segment().header().slot_count, UINT32_MAX}) {
    EXPECT_TRUE(OwnerProbe(asking_.segment(), Asks::kNobody).IsDead(slot, 0));
    EXPECT_TRUE(OwnerProbe(asking_.segment(), Asks::kTheKernel).IsDead(slot, 0));
  }
}

TEST_F(OwnerProbeTest, TheKernelIsNotAskedAboutTheOwnSlot) {
  // Nobody holds the slot, so the kernel would answer that its owner is dead.
  Owner former = NewOwner();
  former.process.Kill();
  const layout::WorkerSlot& slot = asking_.segment().worker_slot(former.slot);
  OwnerProbe probe(asking_.segment(), Asks::kTheKernel, &slot);
  EXPECT_FALSE(probe.IsDead(former.slot, former.epoch));
  EXPECT_TRUE(probe.IsDead(former.slot, former.epoch + 1)) << "another epoch of the slot is another worker's";
}

TEST_F(OwnerProbeTest, ADecisionUsesOneAnswerForEachOwner) {
  Owner first = NewOwner();
  Owner second = NewOwner();
  OwnerProbe decision(asking_.segment(), Asks::kTheKernel);
  EXPECT_FALSE(decision.IsDead(first.slot, first.epoch));
  first.process.Kill();
  second.process.Kill();
  EXPECT_FALSE(decision.IsDead(first.slot, first.epoch)) << "it was alive when the kernel was asked";
  EXPECT_TRUE(decision.IsDead(second.slot, second.epoch));
  EXPECT_TRUE(IsDead(first, Asks::kTheKernel));
}

// Faults 26 and L4.
TEST_F(OwnerProbeTest, ADeadOwnerIsProvedDeadAlsoWhereThePathIsOutOfReach) {
  Owner dead = NewOwner(), living = NewOwner();
  dead.process.Kill();
  std::filesystem::remove(path_);
  EXPECT_TRUE(IsDead(dead, Asks::kTheKernel));
  EXPECT_FALSE(IsDead(living, Asks::kTheKernel));
}

TEST_F(OwnerProbeTest, NobodyIsProvedDeadOnceNoDescriptorIsLeftToAskWith) {
  Owner owner = NewOwner();
  owner.process.Kill();
  std::filesystem::remove(path_);
  const int probe = asking_.segment().probe_fd();
  ASSERT_EQ(dup2(STDIN_FILENO, probe),
            probe);  // as after a daemon has closed it: the number is another file's
  OwnerProbe asked(asking_.segment(), Asks::kTheKernel);
  EXPECT_FALSE(asked.IsDead(owner.slot, owner.epoch));
  EXPECT_TRUE(asked.could_not_ask());
  EXPECT_TRUE(asked.IsDead(owner.slot, owner.epoch + 1)) << "the slot itself says so";
  EXPECT_EQ(close(probe), 0) << "what is not the segment's is not closed";
}

// Fault L3. A sandbox may refuse the question, and a network file system may fail to answer it.
TEST_F(OwnerProbeTest, AnErrorOfTheKernelIsNoAnswer) {
  Owner owner = NewOwner();
  owner.process.Kill();
  EXPECT_EQ(RunInChild([&] {
              ASSERT_TRUE(testing::RefuseToTellOwners());
              OwnerProbe asked(asking_.segment(), Asks::kTheKernel);
              EXPECT_FALSE(asked.IsDead(owner.slot, owner.epoch));
              EXPECT_TRUE(asked.could_not_ask());
            }),
            0);
}

}  // namespace
}  // namespace shmetrics::shm
