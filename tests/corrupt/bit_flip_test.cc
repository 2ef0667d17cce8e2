// Random damage, many bytes at a time (fault 24). Whatever the bytes say, a snapshot ends, is bounded, and
// holds only text that can be printed. The seed is fixed. SHMETRICS_NIGHTLY runs a hundred times as many
// images.

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>

#include "shm/segment/segment.h"
#include "shm/snapshot/snapshot_reader.h"
#include "tests/corrupt/damaged_segment.h"
#include "tests/corrupt/segment_image.h"
#include "tests/support/nightly.h"

namespace shmetrics::testing {
namespace {

int Images() { return IsNightly() ? 200'000 : 2'000; }

using Mutation = void (*)(const SegmentImage&, const Draw&);

void ReadManyImages(std::uint64_t seed, std::uint64_t most_at_once, Mutation mutate) {
  std::mt19937_64 random(seed);
  const Draw draw = std::ref(random);
  DamagedSegment damaged;
  const SegmentImage image(damaged);
  shm::Snapshot snapshot;
  int counted = 0;
  for (int i = 0; i < Images() && !::testing::Test::HasFailure(); i++) {
    SCOPED_TRACE("image " + std::to_string(i));
    shm::SnapshotReader before(damaged.AttachReader());
    before.Read(&snapshot);
    ASSERT_EQ(SkippedOf(snapshot), 0U) << "the image was not restored";
    for (std::uint64_t left = 1 + random() % most_at_once; left > 0; left--) mutate(image, draw);
    before.Read(&snapshot);
    ExpectSane(snapshot);
    shm::SnapshotReader after(damaged.AttachReader());
    after.Read(&snapshot);
    ExpectSane(snapshot);
    after.Read(&snapshot);
    ExpectSane(snapshot);
    ExpectSaneLedger(after);
    counted += SkippedOf(snapshot) > 0 ? 1 : 0;
    image.Restore();
  }
  EXPECT_GT(counted, Images() / 10) << "the damages hit nothing";
}

TEST(BitFlipTest, FlippedBitsAreSurvived) { ReadManyImages(1, 16, FlipBit); }
TEST(BitFlipTest, PlantedWordsAreSurvived) { ReadManyImages(2, 4, PlantWord); }
TEST(BitFlipTest, CopiedStretchesAreSurvived) { ReadManyImages(3, 1, CopyStretch); }

}  // namespace
}  // namespace shmetrics::testing
