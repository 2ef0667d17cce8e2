#ifndef SHMETRICS_TESTS_SUPPORT_SLOT_HOLDER_H_
#define SHMETRICS_TESTS_SUPPORT_SLOT_HOLDER_H_

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>

#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"
#include "tests/support/segment_reading.h"
#include "tests/support/shared_page.h"

namespace shmetrics::testing {

/// Starts workers that hold a slot, and counts how many of them are alive.
class SlotHolderTest : public ::testing::Test {
 protected:
  void SetUp() override { BareWorker creator(path_); }

  /// Starts a worker that sets its gauge to 1 and then does `afterwards`.
  Child Worker(const std::function<void()>& afterwards) {
    holds_->store(false);
    Child child([&] {
      ClaimSlot();
      afterwards();
    });
    WaitUntil([&] { return holds_->load(); });
    return child;
  }
  void ClaimSlot() {
    BareWorker* worker = new BareWorker(path_);  // leaked: a worker's segment lives as long as its process
    worker->Set(lives_, {}, 1);
    holds_->store(true);
  }
  static void Pause() {
    for (;;) pause();
  }
  /// The number of living workers, by the slots and by the gauge that each has set to 1. The two must agree.
  std::uint64_t Alive() {
    const SegmentReading reading = Read(path_);
    EXPECT_EQ(reading.Gauge("lives").value_or(0), static_cast<double>(reading.AliveWorkers()));
    return reading.AliveWorkers();
  }

  PrivateFolder folder_;
  const std::string path_ = folder_ / "segment";
  const shm::FamilyDefinition lives_ = GaugeNamed("lives", shm::layout::GaugeMode::kSum);
  SharedPage<std::atomic<bool>> holds_;
  SharedPage<std::atomic<pid_t>> other_;
};

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_SUPPORT_SLOT_HOLDER_H_
