#ifndef SHMETRICS_TESTS_CORRUPT_SEGMENT_IMAGE_H_
#define SHMETRICS_TESTS_CORRUPT_SEGMENT_IMAGE_H_

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <iterator>
#include <vector>

#include "shm/layout/layout.h"
#include "tests/corrupt/damaged_segment.h"

namespace shmetrics::testing {

/// The source of a mutation's numbers: a random generator, or the bytes of a fuzzer.
using Draw = std::function<std::uint64_t()>;

/// The committed bytes of a segment, which a test can damage and restore.
class SegmentImage {
 public:
  explicit SegmentImage(DamagedSegment& damaged)
      : segment_(damaged.worker.segment()),
        base_(segment_.base()),
        front_(damaged.mutable_header().committed_front.load()),
        back_(segment_.header().segment_bytes -
              damaged.mutable_header().committed_blocks.load() * segment_.block_bytes()),
        end_(segment_.header().segment_bytes),
        records_(segment_.header().records_offset),
        shards_(segment_.header().shards_offset),
        used_(records_ + (damaged.mutable_header().used.load() & UINT32_MAX) * 16),
        saved_front_(base_, base_ + front_),
        saved_back_(base_ + back_, base_ + end_) {
    for (std::uint32_t shard = 0; shard < shm::layout::kLeaseShards; shard++) FindEntries(shard);
  }

  /// Restores the segment. The gap in the middle becomes a hole again.
  void Restore() const {
    madvise(base_ + front_, back_ - front_, MADV_REMOVE);
    std::memcpy(base_, saved_front_.data(), saved_front_.size());
    std::memcpy(base_ + back_, saved_back_.data(), saved_back_.size());
  }
  /// Restores the mutexes. The C library trusts their bytes, so a test of code that locks must not damage
  /// them.
  void RestoreMutexes() const {
    for (std::uint32_t shard = 0; shard < shm::layout::kLeaseShards; shard++) {
      const std::uint64_t offset = shards_ + shard * sizeof(shm::layout::LeaseShard);
      std::memcpy(base_ + offset, &saved_front_[offset], sizeof(pthread_mutex_t));
    }
  }
  /// A byte of the segment, mostly one that is in use. Never one of the header, which is read only at attach.
  char* AnyByte(const Draw& draw) const {
    switch (draw() % 12) {
      case 0:  // anything else in front
        return base_ + 4'096 + draw() % (front_ - 4'096);
      case 1:  // the first two slots
        return base_ + 8'192 + draw() % 256;
      case 2:  // a cell
        return base_ + back_ + draw() % (end_ - back_);
      case 3:  // a word that changes
        return base_ + 4'096 + draw() % sizeof(shm::layout::MutableHeader);
      case 4:  // a shard of leases
        return base_ + shards_ + draw() % (shm::layout::kLeaseShards * sizeof(shm::layout::LeaseShard));
      case 5:
      case 6:  // a lease
        return AnyByteOf(leases_, draw);
      case 7:  // a user
        return AnyByteOf(users_, draw);
      default:
        return base_ + records_ + draw() % (used_ - records_);
    }
  }
  char* AnyWord(const Draw& draw) const {
    char* at = AnyByte(draw);
    return at - reinterpret_cast<std::uintptr_t>(at) % 4;
  }
  const shm::Segment& segment() const { return segment_; }

 private:
  void FindEntries(std::uint32_t shard) {
    const auto taken = shm::LeaseShard::Lock(segment_, shard);
    const auto keep_if_used = [](std::vector<char*>* entries) {
      return [entries](auto& entry) {
        if (shm::IsInUse(entry)) entries->push_back(reinterpret_cast<char*>(&entry));
      };
    };
    taken->leases().ForEach(keep_if_used(&leases_));
    taken->ledger().ForEach(keep_if_used(&users_));
    const shm::layout::LeaseShard& tables = segment_.lease_shard(shard);
    for (const shm::layout::Ref chunk :
         {tables.leases.first_chunk.load(), tables.ledger.first_chunk.load()}) {
      if (chunk == 0) continue;
      leases_.push_back(base_ + chunk * std::uint64_t{16});
      used_ = std::min(used_, chunk * std::uint64_t{16});  // what follows has cases of its own
    }
  }
  static char* AnyByteOf(const std::vector<char*>& entries, const Draw& draw) {
    constexpr std::size_t kFirstBytes = 192;  // where short keys end
    return entries[draw() % entries.size()] + draw() % kFirstBytes;
  }

  const shm::Segment& segment_;
  char* base_;
  std::uint64_t front_, back_, end_, records_, shards_, used_;
  std::vector<char> saved_front_, saved_back_;
  std::vector<char*> leases_, users_;  ///< entries in use, and the chunks they are in
};

inline void FlipBit(const SegmentImage& image, const Draw& draw) {
  char* byte = image.AnyByte(draw);
  *byte = static_cast<char>(*byte ^ 1 << draw() % 8);
}

/// Plants a word that makes sense as an offset, a count or a size.
inline void PlantWord(const SegmentImage& image, const Draw& draw) {
  char* at = image.AnyWord(draw);
  std::uint32_t word;
  std::memcpy(&word, at, sizeof word);
  const std::uint32_t tempting[] = {0,        1,         UINT32_MAX, 1U << 31U, word + 1,   word - 1,
                                    word * 2, word + 16, 4'096,      48,        UINT16_MAX, word / 2};
  word = tempting[draw() % std::size(tempting)];
  std::memcpy(at, &word, sizeof word);
}

/// Plants an offset that leads to another place in the segment: into the middle of something, or in a circle.
inline void PlantRef(const SegmentImage& image, const Draw& draw) {
  const shm::layout::Ref ref = image.segment().RefOf(image.AnyByte(draw));
  std::memcpy(image.AnyWord(draw), &ref, sizeof ref);
}

inline void SwapWords(const SegmentImage& image, const Draw& draw) {
  char* first = image.AnyWord(draw);
  std::swap_ranges(first, first + 4, image.AnyWord(draw));
}

/// Copies a part of one record over another.
inline void CopyStretch(const SegmentImage& image, const Draw& draw) {
  const char* from = image.AnyByte(draw);
  char* to = image.AnyByte(draw);
  const std::uint64_t room = 4'096 - std::max(reinterpret_cast<std::uintptr_t>(from) % 4'096,
                                              reinterpret_cast<std::uintptr_t>(to) % 4'096);
  std::memmove(to, from, std::min(draw() % 64, room));
}

inline void PlantBytes(const SegmentImage& image, const Draw& draw) {
  char* at = image.AnyWord(draw);
  const std::uint64_t bytes = draw();
  std::memcpy(at, &bytes, 4);
}

/// Does one of the above.
inline void Mutate(const SegmentImage& image, const Draw& draw) {
  constexpr void (*kMutations[])(const SegmentImage&, const Draw&) = {FlipBit,   PlantWord,   PlantRef,
                                                                      SwapWords, CopyStretch, PlantBytes};
  kMutations[draw() % std::size(kMutations)](image, draw);
}

}  // namespace shmetrics::testing

#endif  // SHMETRICS_TESTS_CORRUPT_SEGMENT_IMAGE_H_
