#include "shm/workers/tenure.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>

#include "shm/base/fork_guard.h"
#include "shm/snapshot/snapshot.h"
#include "tests/support/slot_holder.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;
using testing::BareWorker;
using testing::Child;
using testing::GaugeNamed;
using testing::SegmentReading;

/// Fault A15. The ends are read while the slot of the dead is free, and again when the next has it.
class TenureTest : public testing::SlotHolderTest {
 protected:
  /// Lets a worker do `work` and be killed.
  void KillAfter(const std::function<void(BareWorker*)>& work) {
    holds_->store(false);
    Child worker([&] {
      auto* alive = new BareWorker(path_);  // leaked: see ClaimSlot()
      work(alive);
      holds_->store(true);
      Pause();
    });
    testing::WaitUntil([&] { return holds_->load(); });
    worker.Kill();
  }
  static void Hold(BareWorker* worker) {
    const ForkGuard::Lock lock;
    EXPECT_TRUE(worker->slot().Hold().ok());
  }
  void ExpectExits(const Exits& expected) {
    ExpectTold(expected, "by a reader");
    KillAfter([&](BareWorker* heir) {
      Hold(heir);
      ExpectTold(expected, "by the next owner");
    });
  }
  void ExpectTold(const Exits& expected, const char* by) {
    const Exits exits = testing::Read(path_).snapshot().segment.exits;
    EXPECT_EQ(exits.ended, expected.ended) << by;
    EXPECT_EQ(exits.execs, expected.execs) << by;
    EXPECT_EQ(exits.unknown, expected.unknown) << by;
    EXPECT_EQ(exits.losses, expected.losses) << by;
  }
};

TEST_F(TenureTest, AKilledWorkerThatShowedAGaugeIsALoss) {
  KillAfter([&](BareWorker* worker) { worker->Set(lives_, {}, 1); });
  ExpectExits({.unknown = 1, .losses = 1});
}

TEST_F(TenureTest, AKilledWorkerWithNothingToLoseIsNone) {
  KillAfter(Hold);
  ExpectExits({.unknown = 1});
}

TEST_F(TenureTest, AnInfoAndASumOfZeroAreNothingToLose) {
  KillAfter([&](BareWorker* worker) {
    worker->Set(lives_, {}, 0);
    worker->Set(GaugeNamed("app_info", GaugeMode::kInfo, {"version"}), {"1"}, 1);
  });
  ExpectExits({.unknown = 1});
}

TEST_F(TenureTest, AMinimumOfZeroIsSomethingToLose) {
  KillAfter([&](BareWorker* worker) { worker->Set(GaugeNamed("least", GaugeMode::kMin), {}, 0); });
  ExpectExits({.unknown = 1, .losses = 1});
}

TEST_F(TenureTest, AKilledWorkerThatHeldALeaseIsALoss) {
  KillAfter([&](BareWorker* worker) {
    const ForkGuard::Lock lock;
    layout::WorkerSlot* slot = worker->slot().Hold().value();
    TenureOf(slot, slot->epoch).leases = 1;
  });
  ExpectExits({.unknown = 1, .losses = 1});
}

TEST_F(TenureTest, AWorkerThatSaidSoHasEndedByItself) {
  KillAfter([&](BareWorker* worker) {
    worker->Set(lives_, {}, 1);
    worker->slot().SayEnd();
  });
  ExpectExits({.ended = 1});
}

TEST_F(TenureTest, AWorkerThatHasSaidItIsStillShownWhileItLives) {
  BareWorker worker(path_);
  worker.Set(lives_, {}, 1);
  worker.slot().SayEnd();
  EXPECT_EQ(Alive(), 1U);
  ExpectTold({}, "by a reader");
}

TEST_F(TenureTest, AChildDoesNotSpeakForItsParent) {
  KillAfter([&](BareWorker* parent) {
    parent->Set(lives_, {}, 1);
    EXPECT_EQ(testing::RunInChild([&] { parent->slot().SayEnd(); }), 0);
  });
  ExpectExits({.unknown = 1, .losses = 1});
}

TEST_F(TenureTest, AChildSpeaksForItself) {
  KillAfter([&](BareWorker* parent) {
    parent->Set(lives_, {}, 1);
    EXPECT_EQ(testing::RunInChild([&] {
                parent->Set(lives_, {}, 1);
                parent->slot().SayEnd();
              }),
              0);
  });
  ExpectTold({.ended = 1, .unknown = 1, .losses = 1}, "by a reader");
}

TEST_F(TenureTest, AProcessThatExecutesAnotherProgramIsNeitherLostNorUnknown) {
  holds_->store(false);
  Child worker([&] {
    ClaimSlot();
    execlp("sleep", "sleep", "1000", nullptr);
  });
  SegmentReading watching(path_);
  testing::WaitUntil([&] { return watching.Again().snapshot().segment.exits.execs == 1; });
  ExpectTold({.execs = 1}, "by a reader that comes later");
  KillAfter(Hold);  // a claim that finds the process alive may take another slot
  const Exits exits = testing::Read(path_).snapshot().segment.exits;
  EXPECT_EQ(exits.execs, 1U);
  EXPECT_EQ(exits.unknown, 1U);
  EXPECT_EQ(exits.losses, 0U);
}

TEST_F(TenureTest, EveryOwnerOfASlotCountsOnce) {
  for (int i = 0; i < 3; i++) {
    KillAfter([&](BareWorker* worker) { worker->Set(lives_, {}, 1); });
    KillAfter([&](BareWorker* worker) {
      Hold(worker);
      worker->slot().SayEnd();
    });
    KillAfter(Hold);
  }
  ASSERT_EQ(testing::Read(path_).snapshot().workers.size(), 1U) << "all had the same slot";
  ExpectTold({.ended = 3, .unknown = 6, .losses = 3}, "by a reader");
}

TEST_F(TenureTest, ASlotThatIsGivenBackHasEndedByItself) {
  SegmentReading reading(path_);
  BareWorker worker(path_);
  worker.Set(lives_, {}, 1);
  std::filesystem::remove(path_);
  {
    const ForkGuard::Lock lock;
    worker.slot().Release();
  }
  EXPECT_EQ(reading.Again().snapshot().segment.exits.ended, 1U);
  EXPECT_EQ(reading.snapshot().segment.exits.losses, 0U);
}

}  // namespace
}  // namespace shmetrics::shm
