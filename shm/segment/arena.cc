#include "shm/segment/arena.h"

#include <algorithm>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shm/segment/memory_limit.h"

namespace shmetrics::shm {
namespace {

constexpr std::uint64_t kCommitBytes = 256U << 10U;  // the least that one growth takes
constexpr std::int64_t kRetryCommitAfterNs = 1'000'000'000;
constexpr std::uint64_t kCellUnit = 8;

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

/// The two halves of MutableHeader::used.
struct Arena::Used {
  std::uint64_t record_bytes;  ///< from records_offset
  std::uint64_t cell_bytes;    ///< in one stripe

  explicit Used(std::uint64_t word)
      : record_bytes((word & UINT32_MAX) * layout::kRecordAlignment), cell_bytes((word >> 32U) * kCellUnit) {}
  std::uint64_t word() const {
    return record_bytes / layout::kRecordAlignment | (cell_bytes / kCellUnit) << 32U;
  }
  std::uint64_t blocks() const { return (cell_bytes + kStripeBytes - 1) / kStripeBytes; }
};

// Allocation, of either kind:
//   1 commit what the allocation would reach    die here -> memory committed early; the next one uses it
//   2 compare-and-swap MutableHeader::used forward       die here -> those bytes are leaked: a record or a run of cells
// Bytes are reached only through a record that is published later (directory.cc, worker_slot.cc).

Result<std::uint64_t> Arena::AllocateRecord(std::uint64_t bytes, std::uint64_t alignment) {
  std::atomic<std::uint64_t>& word = segment_.mutable_header().used;
  const std::uint64_t base = segment_.header().records_offset;
  // no order needed: the bytes are zero and unshared
  std::uint64_t seen = word.load(std::memory_order_relaxed);
  for (;;) {
    Used used(seen);
    const std::uint64_t begin = RoundUp(base + used.record_bytes, alignment);
    used.record_bytes = RoundUp(begin + bytes - base, layout::kRecordAlignment);
    if (Result<void> fits = CheckFits(used); !fits.ok()) return fits.error();
    if (Result<void> committed = CommitFront(base + used.record_bytes); !committed.ok())
      return committed.error();
    SHMETRICS_CRASH_POINT("arena_record_committed");
    // no order needed: publication of the record orders its bytes
    if (word.compare_exchange_weak(seen, used.word(), std::memory_order_relaxed)) return begin;
  }
}

Result<std::uint64_t> Arena::AllocateCells(std::uint64_t bytes) {
  std::atomic<std::uint64_t>& word = segment_.mutable_header().used;
  std::uint64_t seen = word.load(std::memory_order_relaxed);  // no order needed: as above
  for (;;) {
    Used used(seen);
    std::uint64_t begin = RoundUp(used.cell_bytes, bytes % 16 == 0 ? 16 : 8);
    if (begin % kStripeBytes + bytes > kStripeBytes) begin = RoundUp(begin, kStripeBytes);
    used.cell_bytes = begin + bytes;
    if (Result<void> fits = CheckFits(used); !fits.ok()) return fits.error();
    if (Result<void> committed = CommitBlocks(used.blocks()); !committed.ok()) return committed.error();
    SHMETRICS_CRASH_POINT("arena_cells_committed");
    // no order needed: publication of the series orders its cells
    if (word.compare_exchange_weak(seen, used.word(), std::memory_order_relaxed)) {
      const std::uint64_t block = begin / kStripeBytes;
      return segment_.header().segment_bytes - (block + 1) * segment_.block_bytes() + begin % kStripeBytes;
    }
  }
}

/// Checks both ends: the records may not reach the last block of cells, and no number may outgrow its half of
/// the word.
Result<void> Arena::CheckFits(const Used& used) const {
  const layout::Header& header = segment_.header();
  const std::uint64_t front = header.records_offset + used.record_bytes;
  const std::uint64_t room = header.segment_bytes / segment_.block_bytes();
  const bool fits = used.record_bytes / layout::kRecordAlignment <= UINT32_MAX &&
                    used.cell_bytes / kCellUnit <= UINT32_MAX && used.blocks() <= room &&
                    front <= header.segment_bytes - used.blocks() * segment_.block_bytes();
  if (fits) return {};
  return Error{ErrorCode::kSegmentFull, "segment " + segment_.path() + " has reached its maximum of " +
                                            std::to_string(header.segment_bytes) +
                                            " bytes; configure a larger one"};
}

// Growth, of either end:
//   1 make the pages exist                      die here -> pages too many; the next one commits them again
//   2 advance `committed` by compare-and-swap   die here -> nothing is missing
// Release, pairing with the acquire below and with the publication of whatever is put there.

Result<void> Arena::CommitFront(std::uint64_t end) {
  std::atomic<std::uint64_t>& committed = segment_.mutable_header().committed_front;
  std::uint64_t seen = committed.load(std::memory_order_acquire);  // pairs with the exchange below
  while (seen < end) {
    // no order needed: the beginning of the cells only limits how far ahead it pays to commit
    const Used used(segment_.mutable_header().used.load(std::memory_order_relaxed));
    const std::uint64_t cells_begin =
        segment_.header().segment_bytes - used.blocks() * segment_.block_bytes();
    const std::uint64_t needed = RoundUp(end, layout::kPageBytes);
    const std::uint64_t target = std::max(needed, std::min(seen + kCommitBytes, cells_begin));
    if (Result<void> done = Commit(seen, target - seen); !done.ok()) return done;
    SHMETRICS_CRASH_POINT("arena_front_populated");
    if (committed.compare_exchange_strong(seen, target, std::memory_order_acq_rel)) break;
  }
  return {};
}

Result<void> Arena::CommitBlocks(std::uint64_t count) {
  std::atomic<std::uint64_t>& committed = segment_.mutable_header().committed_blocks;
  std::uint64_t seen = committed.load(std::memory_order_acquire);  // pairs with the exchange below
  while (seen < count) {
    const std::uint64_t block_bytes = segment_.block_bytes();
    if (Result<void> done =
            Commit(segment_.header().segment_bytes - count * block_bytes, (count - seen) * block_bytes);
        !done.ok()) {
      return done;
    }
    SHMETRICS_CRASH_POINT("arena_blocks_populated");
    if (committed.compare_exchange_strong(seen, count, std::memory_order_acq_rel)) break;
  }
  return {};
}

Result<void> Arena::Commit(std::uint64_t offset, std::uint64_t bytes) {
  // no order needed: a stale value costs one attempt more or less
  if (NowNs(CLOCK_MONOTONIC) < retry_commit_at_ns_.load(std::memory_order_relaxed)) {
    // no order needed: both codes say that it could not grow
    return Error{last_failure_.load(std::memory_order_relaxed),
                 "segment " + segment_.path() + " could not grow a moment ago"};
  }
  Result<void> done = CommitPages(segment_.base() + offset, bytes);
  if (!done.ok()) {
    // no order needed: see above
    last_failure_.store(done.error().code, std::memory_order_relaxed);
    retry_commit_at_ns_.store(NowNs(CLOCK_MONOTONIC) + kRetryCommitAfterNs, std::memory_order_relaxed);
  }
  return done;
}

}  // namespace shmetrics::shm
