// Damage that would cause endless work or memory use: a reader spends no more than an undamaged segment costs
// (fault 24).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shm/layout/layout.h"
#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/corrupt/damaged_segment.h"
#include "tests/support/child.h"
#include "tests/support/private_folder.h"

namespace shmetrics::testing {
namespace {

using shm::SnapshotReader;
using shm::layout::Ref;

/// A segment with many chains, and with 1,000 series of `label_bytes` bytes each.
class CrowdedSegment : public DamagedSegment {
 public:
  explicit CrowdedSegment(std::size_t label_bytes) {
    const std::string padding(label_bytes, 'x');
    for (int i = 0; i < 1'000; i++)
      crowd.Count(CounterNamed("crowd_total", {"n", "padding"}), {std::to_string(i), padding},
                  std::uint64_t{1});
  }
  void ReadTwice(shm::Snapshot* snapshot) const {
    SnapshotReader reader(shm::Segment::Attach(crowd_path, shm::Segment::Access::kReadOnly).value());
    reader.Read(snapshot);
    reader.Read(snapshot);
  }
  std::atomic<Ref>* CrowdHeads() {
    return reinterpret_cast<std::atomic<Ref>*>(crowd.segment().base() +
                                               crowd.segment().header().chains_offset);
  }

  std::string crowd_path = folder / "crowd";
  BareWorker crowd{crowd_path,
                   {.bytes = 64U << 20U, .series_limit = 1U << 17U, .family_series_limit = 1'000}};
};

TEST(FloodTest, ChainsThatAllLeadIntoOneAreWalkedOnlySoFar) {
  CrowdedSegment segment(1);
  std::vector<Ref> refs;
  const std::uint32_t chain_count = segment.crowd.segment().header().chain_count;
  for (std::uint32_t chain = 0; chain < chain_count; chain++) {
    for (Ref ref = segment.CrowdHeads()[chain]; ref != 0;
         ref = segment.crowd.segment().AtRef<shm::layout::Record>(ref)->next)
      refs.push_back(ref);
  }
  for (std::size_t i = 0; i + 1 < refs.size(); i++)
    segment.crowd.segment().AtRef<shm::layout::Record>(refs[i])->next = refs[i + 1];
  for (std::uint32_t chain = 0; chain < chain_count; chain++) segment.CrowdHeads()[chain] = refs[0];
  shm::Snapshot snapshot;
  segment.ReadTwice(&snapshot);
  ExpectSane(snapshot);
  EXPECT_EQ(snapshot.families.at(0).series.size(), 1'000U);
  EXPECT_GT(snapshot.skipped.chains, 0U);
  // An undamaged segment has no more records than its limits say. So many may be met, but each of them not a
  // thousand times.
  EXPECT_LE(snapshot.skipped.series, 2U * ((1U << 17U) + (1U << 16U)));
}

/// Expects that `body` makes a process larger by at most so many kilobytes.
void ExpectToTakeAtMost(long kilobytes, const std::function<void()>& body) {
  EXPECT_EQ(RunInChild([&] {
              rusage before{}, after{};
              getrusage(RUSAGE_SELF, &before);
              body();
              getrusage(RUSAGE_SELF, &after);
              EXPECT_LE(after.ru_maxrss - before.ru_maxrss, kilobytes);
            }),
            0);
}

TEST(FloodTest, CircleOfLongLabelsTakesNoMemory) {
  CrowdedSegment segment(4'000);
  Ref ref = 0;
  for (std::uint32_t chain = 0; ref == 0; chain++) ref = segment.CrowdHeads()[chain];
  auto* record = segment.crowd.segment().AtRef<shm::layout::Record>(ref);
  record->next = ref;
  ExpectToTakeAtMost(100'000, [&] {  // it reads 4 MB of texts
    shm::Snapshot snapshot;
    segment.ReadTwice(&snapshot);
    EXPECT_GT(snapshot.skipped.chains, 0U);
  });
}

TEST(FloodTest, HeadsTurnedBackAgainAndAgainTakeNoMemory) {
  CrowdedSegment segment(4'000);
  ExpectToTakeAtMost(100'000, [&] {
    SnapshotReader reader(shm::Segment::Attach(segment.crowd_path, shm::Segment::Access::kReadOnly).value());
    shm::Snapshot snapshot;
    reader.Read(&snapshot);
    const std::uint32_t chain_count = segment.crowd.segment().header().chain_count;
    std::vector<Ref> hidden(chain_count, 0);
    for (int round = 0; round < 100; round++) {
      for (std::uint32_t chain = 0; chain < chain_count; chain++) {
        hidden[chain] = segment.CrowdHeads()[chain].exchange(hidden[chain]);
      }
      reader.Read(&snapshot);
    }
    EXPECT_EQ(snapshot.families.at(0).series.size(), 1'000U);
  });
}

TEST(FloodTest, RowsThatAllLeadIntoOneAreReadOnlySoFar) {
  PrivateFolder folder;
  const std::string path = folder / "rows";
  BareWorker worker(path, {.bytes = 16U << 20U, .slot_count = 1'024});
  const auto gauge = GaugeNamed("g", shm::layout::GaugeMode::kPerWorker, {"n"});
  for (int i = 0; i < 480; i++) worker.Set(gauge, {std::to_string(i)}, i);
  auto* slots = reinterpret_cast<shm::layout::WorkerSlot*>(worker.segment().base() +
                                                           worker.segment().header().slots_offset);
  for (std::uint32_t i = 1; i < worker.segment().header().slot_count; i++) {
    slots[i].epoch = 1;
    slots[i].gauge_blocks = slots[0].gauge_blocks.load();
  }
  // One lock over all live bytes: every slot looks alive.
  const shm::UniqueFd file(open(path.c_str(), O_RDWR | O_CLOEXEC));
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_start = (off_t{1} << 61) + 1;
  lock.l_len = 1'023;
  ASSERT_EQ(fcntl(file.get(), F_OFD_SETLK, &lock), 0);
  SnapshotReader reader(shm::Segment::Attach(path, shm::Segment::Access::kReadOnly).value());
  shm::Snapshot snapshot;
  reader.Read(&snapshot);
  ASSERT_EQ(snapshot.families.size(), 1U);
  EXPECT_EQ(snapshot.workers.size(), 1'024U);
  const std::uint64_t honest =
      snapshot.segment.committed_bytes / sizeof(shm::layout::GaugeBlock) * shm::layout::kGaugesPerBlock;
  EXPECT_LE(snapshot.families[0].series.size(), honest) << "more gauges than there is memory for";
  EXPECT_GE(snapshot.families[0].series.size(), 480U);
}

// No part of the front is committed any more, so nothing can be shown, and nothing may be touched.
TEST(FloodTest, SegmentThatSaysItIsEmptyIsShownEmpty) {
  DamagedSegment damaged;
  damaged.mutable_header().committed_front = 0;
  SnapshotReader reader(damaged.AttachReader());
  shm::Snapshot snapshot;
  reader.Read(&snapshot);
  ExpectSane(snapshot);
  EXPECT_TRUE(snapshot.families.empty());
  EXPECT_GT(snapshot.skipped.chains, 0U);
}

}  // namespace
}  // namespace shmetrics::testing
