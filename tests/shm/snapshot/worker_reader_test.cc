#include "shm/snapshot/worker_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <vector>

#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/support/bare_worker.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::shm {
namespace {

using layout::GaugeMode;

TEST(WorkerReaderTest, ValuesOfTheLivingBecomeOneByTheMode) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<GaugeContribution> values = {{0, {5, 2}}, {1, {kNan, 1}}, {2, {3, 9}}, {3, {4, 4}}};
  EXPECT_EQ(Aggregate(GaugeMode::kMin, values).value, 3);
  EXPECT_EQ(Aggregate(GaugeMode::kMax, values).value, 5);
  EXPECT_EQ(Aggregate(GaugeMode::kMostRecent, values).value, 3);
  EXPECT_EQ(Aggregate(GaugeMode::kInfo, values).value, 1) << "whatever somebody has written";
  EXPECT_EQ(Aggregate(GaugeMode::kSum, {values[0], values[2]}).value, 8);
}

// Fault 6.
TEST(WorkerReaderTest, RowsOfTheDeadAreLeftOut) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  testing::BareWorker living(path);
  living.Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1);
  EXPECT_EQ(testing::RunInChild([&] {
              testing::BareWorker dying(path);
              dying.Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 2);
            }),
            0);
  const auto segment = Segment::Attach(path, Segment::Access::kReadOnly).value();
  std::vector<WorkerSnapshot> workers;
  LeaseReading leases;
  LeaseReader lease_reader(*segment);
  const std::vector<RowGauge> rows = ReadWorkers(*segment, &workers, &lease_reader, &leases);
  ASSERT_EQ(workers.size(), 2U);
  EXPECT_TRUE(workers[0].alive);
  EXPECT_FALSE(workers[1].alive);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].value.slot, 0U);
  EXPECT_EQ(rows[0].value.reading.value, 1.0);
}

TEST(WorkerReaderTest, WhoIsKnownIsNotReadAgainUntilAnotherHasTheSlot) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  const auto claim_and_die = [&] {
    testing::RunInChild(
        [&] { testing::BareWorker(path).Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1); });
  };
  claim_and_die();
  const auto segment = Segment::Attach(path, Segment::Access::kReadOnly).value();
  LeaseReading leases;
  LeaseReader lease_reader(*segment);
  std::vector<WorkerSnapshot> workers;
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  ASSERT_EQ(workers.size(), 1U);
  const std::string name = workers[0].name;
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  workers[0].name = "known";
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  EXPECT_EQ(workers[0].name, "known");
  claim_and_die();
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].epoch, 2U);
  EXPECT_EQ(workers[0].name, name);
}

// The worker is seen in the middle of its claim, and then lives and dies before the next look.
TEST(WorkerReaderTest, WhoWasNeverSeenAliveIsReadASecondTime) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  testing::RunInChild(
      [&] { testing::BareWorker(path).Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1); });
  const auto segment = Segment::Attach(path, Segment::Access::kReadOnly).value();
  LeaseReading leases;
  LeaseReader lease_reader(*segment);
  std::vector<WorkerSnapshot> workers;
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  ASSERT_EQ(workers.size(), 1U);
  workers[0].name = "half";
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  EXPECT_NE(workers[0].name, "half");
}

TEST(WorkerReaderTest, WhoWasSeenBeforeHeLivedIsReadAgainWhenHeDoes) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  testing::BareWorker living(path);
  living.Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1);
  const auto segment = Segment::Attach(path, Segment::Access::kReadOnly).value();
  std::vector<WorkerSnapshot> workers{{.slot = 0,
                                       .alive = false,
                                       .name = "half",
                                       .pid = 0,
                                       .started_unix_ns = 0,
                                       .epoch = 1,
                                       .is_settled = true}};
  LeaseReading leases;
  LeaseReader lease_reader(*segment);
  ReadWorkers(*segment, &workers, &lease_reader, &leases);
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_NE(workers[0].name, "half");
}

// Fault A15. A reader has seen that the process executed a program. Then that program ends, and the next owner
// of the slot can no longer tell.
TEST(WorkerReaderTest, AnEndThatWasSeenStaysWhatItWasWhenTheNextOwnerKnowsLess) {
  const testing::PrivateFolder folder;
  const std::string path = folder / "segment";
  testing::BareWorker creator(path);
  testing::Child worker([&] {
    testing::BareWorker(path).Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1);
    execlp("sleep", "sleep", "1000", nullptr);
  });
  SnapshotReader reader(Segment::Attach(path, Segment::Access::kReadOnly).value());
  Snapshot seen{};
  testing::WaitUntil([&] {
    reader.Read(&seen);
    return seen.segment.exits.execs == 1;
  });
  worker.Kill();
  testing::RunInChild(
      [&] { testing::BareWorker(path).Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1); });
  reader.Read(&seen);
  ASSERT_EQ(seen.workers.size(), 1U);
  EXPECT_EQ(seen.segment.exits.execs, 1U);
  EXPECT_EQ(seen.segment.exits.unknown, 1U) << "the second worker";
  EXPECT_EQ(seen.segment.exits.losses, 1U);
  Snapshot late{};
  SnapshotReader(Segment::Attach(path, Segment::Access::kReadOnly).value()).Read(&late);
  EXPECT_EQ(late.segment.exits.unknown, 2U) << "who comes later knows what the slot tells";
}

TEST(WorkerReaderTest, ASnapshotThatIsUsedForAnotherSegmentForgetsTheWorkersOfTheFirst) {
  const testing::PrivateFolder folder;
  Snapshot snapshot{};
  std::vector<std::uint32_t> pids;
  for (const std::string name : {"a", "b"}) {
    testing::RunInChild(
        [&] { testing::BareWorker(folder / name).Set(testing::GaugeNamed("g", GaugeMode::kSum), {}, 1); });
    SnapshotReader(Segment::Attach(folder / name, Segment::Access::kReadOnly).value()).Read(&snapshot);
    ASSERT_EQ(snapshot.workers.size(), 1U);
    pids.push_back(snapshot.workers[0].pid);
  }
  EXPECT_NE(pids[0], pids[1]);
}

}  // namespace
}  // namespace shmetrics::shm
