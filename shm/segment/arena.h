#ifndef SHMETRICS_SHM_SEGMENT_ARENA_H_
#define SHMETRICS_SHM_SEGMENT_ARENA_H_

// Arena: hands out the bytes of a segment, records from the front and cells from the back, and commits memory
// for them as it goes. Lock-free: a process stopped or killed inside blocks nobody. Nothing is ever given
// back, so what was zero once is zero when it is handed out, and no stale pointer can hit another object.

#include <atomic>
#include <cstdint>

#include "shm/result.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class Arena {
 public:
  /// `segment` must be attached read-write and outlive the arena.
  explicit Arena(const Segment& segment) : segment_(segment) {}

  /// Offset of `bytes` zero bytes, aligned to `alignment` (16 or 64). kSegmentFull or kOutOfMemory.
  Result<std::uint64_t> AllocateRecord(std::uint64_t bytes,
                                       std::uint64_t alignment = layout::kRecordAlignment);

  /// Offset, in stripe 0, of `bytes` zero bytes that stand in one page of every stripe. 8 bytes or a multiple
  /// of 16, at most 4,096. kSegmentFull or kOutOfMemory.
  Result<std::uint64_t> AllocateCells(std::uint64_t bytes);

 private:
  struct Used;
  Result<void> CommitFront(std::uint64_t end);
  Result<void> CommitBlocks(std::uint64_t count);
  Result<void> Commit(std::uint64_t offset, std::uint64_t bytes);
  Result<void> CheckFits(const Used& used) const;

  const Segment& segment_;
  /// After a failure, the time to ask the kernel again (CLOCK_MONOTONIC). Without it, every new label set
  /// would cost a round of system calls while tmpfs is full. Process-local.
  std::atomic<std::int64_t> retry_commit_at_ns_{0};
  std::atomic<ErrorCode> last_failure_{};  ///< written before the time
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_SEGMENT_ARENA_H_
