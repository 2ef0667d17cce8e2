// Random damages, many at a time (fault 24): whatever the bytes say, a snapshot ends, is bounded, and holds only text
// that can be printed. The seed is fixed; SHMETRICS_FLIP_IMAGES asks for more images than a test run needs.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "shm/snapshot.h"
#include "tests/corrupt/damaged_segment.h"

namespace shmetrics::testing {
namespace {

namespace layout = shm::layout;

int Images() {
  const char* images = std::getenv("SHMETRICS_FLIP_IMAGES");
  return images == nullptr ? 2'000 : std::atoi(images);
}

/// All that is committed, which a test can put back as it was.
class Image {
 public:
  explicit Image(DamagedSegment& damaged)
      : base_(damaged.worker.segment().base()),
        front_(damaged.live().committed_front.load()),
        back_(damaged.worker.segment().header().segment_bytes -
              damaged.live().committed_blocks.load() * damaged.worker.segment().block_bytes()),
        end_(damaged.worker.segment().header().segment_bytes),
        records_(damaged.worker.segment().header().records_offset),
        shards_(damaged.worker.segment().header().shards_offset),
        used_(records_ + (damaged.live().used.load() & UINT32_MAX) * 16),
        saved_front_(base_, base_ + front_),
        saved_back_(base_ + back_, base_ + end_) {
    const shm::Segment& segment = damaged.worker.segment();
    for (std::uint32_t shard = 0; shard < layout::kLeaseShards; shard++) {
      const auto taken = shm::LeaseShard::Take(segment, shard);
      const auto keep_if_used = [](std::vector<char*>* entries) {
        return [entries](auto& entry) {
          if (shm::IsInUse(entry)) entries->push_back(reinterpret_cast<char*>(&entry));
        };
      };
      taken->leases().ForEach(keep_if_used(&leases_));
      taken->ledger().ForEach(keep_if_used(&users_));
      const layout::LeaseShard& tables = segment.lease_shard(shard);
      for (const layout::Ref chunk : {tables.leases.first_chunk.load(), tables.ledger.first_chunk.load()}) {
        if (chunk == 0) continue;
        leases_.push_back(base_ + chunk * std::uint64_t{16});
        used_ = std::min(used_, chunk * std::uint64_t{16});  // what lies behind has its own turns
      }
    }
  }

  void Restore() const {
    std::memcpy(base_, saved_front_.data(), saved_front_.size());
    std::memcpy(base_ + back_, saved_back_.data(), saved_back_.size());
  }
  /// A byte of the segment; mostly of what is in use.
  char* RandomByte(std::mt19937_64& random) const {
    switch (random() % 12) {
      case 0:  // anything in front but the header, which is only read at attach
        return base_ + 4'096 + random() % (front_ - 4'096);
      case 1:  // the first two slots
        return base_ + 8'192 + random() % 256;
      case 2:  // a cell
        return base_ + back_ + random() % (end_ - back_);
      case 3:  // a live word
        return base_ + 4'096 + random() % sizeof(layout::Live);
      case 4:  // a shard of leases
        return base_ + shards_ + random() % (layout::kLeaseShards * sizeof(layout::LeaseShard));
      case 5:
      case 6:  // a lease
        return RandomByteOf(leases_, random);
      case 7:  // a user
        return RandomByteOf(users_, random);
      default:
        return base_ + records_ + random() % (used_ - records_);
    }
  }

 private:
  static char* RandomByteOf(const std::vector<char*>& entries, std::mt19937_64& random) {
    constexpr std::size_t kFirstBytes = 192;  // where short keys end
    return entries[random() % entries.size()] + random() % kFirstBytes;
  }

  char* base_;
  std::uint64_t front_, back_, end_, records_, shards_, used_;
  std::vector<char> saved_front_, saved_back_;
  std::vector<char*> leases_, users_;  ///< entries in use, and the chunks they are in
};

void FlipBits(const Image& image, std::mt19937_64& random) {
  for (std::uint64_t flips = 1 + random() % 16; flips > 0; flips--) {
    char* byte = image.RandomByte(random);
    *byte = static_cast<char>(*byte ^ 1 << random() % 8);
  }
}

/// Words that mean something to whoever reads them as an offset, a count or a size.
void PlantWords(const Image& image, std::mt19937_64& random) {
  for (std::uint64_t words = 1 + random() % 4; words > 0; words--) {
    char* at = image.RandomByte(random);
    at -= reinterpret_cast<std::uintptr_t>(at) % 4;
    std::uint32_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint32_t tempting[] = {0,        1,         UINT32_MAX, 1U << 31U, word + 1,   word - 1,
                                      word * 2, word + 16, 4'096,      48,        UINT16_MAX, word / 2};
    word = tempting[random() % std::size(tempting)];
    std::memcpy(at, &word, sizeof word);
  }
}

/// A stretch of one record over another.
void CopyAround(const Image& image, std::mt19937_64& random) {
  char* from = image.RandomByte(random);
  char* to = image.RandomByte(random);
  std::memmove(to, from,
               std::min<std::uint64_t>(random() % 64, 4'096 - reinterpret_cast<std::uintptr_t>(to) % 4'096));
}

void ReadManyImages(std::uint64_t seed, void (*damage)(const Image&, std::mt19937_64&)) {
  std::mt19937_64 random(seed);
  DamagedSegment damaged;
  const Image image(damaged);
  shm::Snapshot snapshot;
  int counted = 0;
  for (int i = 0; i < Images() && !::testing::Test::HasFailure(); i++) {
    SCOPED_TRACE("image " + std::to_string(i));
    shm::SnapshotReader before(damaged.AttachReader());
    before.Read(&snapshot);
    ASSERT_EQ(SkippedOf(snapshot), 0U) << "the image was not restored";
    damage(image, random);
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

TEST(BitFlipTest, FlippedBitsAreSurvived) { ReadManyImages(1, FlipBits); }
TEST(BitFlipTest, PlantedWordsAreSurvived) { ReadManyImages(2, PlantWords); }
TEST(BitFlipTest, CopiedStretchesAreSurvived) { ReadManyImages(3, CopyAround); }

}  // namespace
}  // namespace shmetrics::testing
