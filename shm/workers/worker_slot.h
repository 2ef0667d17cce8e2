#ifndef SHMETRICS_SHM_WORKERS_WORKER_SLOT_H_
#define SHMETRICS_SHM_WORKERS_WORKER_SLOT_H_

// Worker slot: a process's place in the segment for what must vanish with it. The kernel says which workers
// are alive: a slot has two lock bytes in the segment file, and its owner keeps both locked. The locks hang
// on a mapping, not on a descriptor (open, lock, map one page, keep it from children, close). So the kernel
// drops them when the process ends, in whatever way. Nothing else drops them: no close(), no child, no exec
// of another program.
//
//   claim byte: taken first. Its holder knows that the former owner is gone, and that nobody else is taking
//               over.
//   live byte:  taken last, when nothing of the former owner is left. Readers ask only for this one.
//
// The process id and start time in a slot are for people, and the id is a hint for a search (slot_search.h).
// They never decide if a worker lives.

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"
#include "shm/result.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

/// This process's hold on a slot of one segment. Claimed when it is first needed, and again in a forked
/// child. Kept as long as the process lives, because a gauge may be set until the very end. Given back only
/// in a segment that has lost its name.
class WorkerSlot {
 public:
  /// `segment` must outlive this. `name` is what people see; UTF-8, cut to 32 bytes.
  WorkerSlot(const Segment& segment, std::string name);

  /// Opens the file now, for a claim that comes later, when this process may have neither the path nor the
  /// right to open it: after setuid(), in a chroot. Call it when the segment comes into use, and again in
  /// each child right after fork(): the child then closes what it has inherited, because a lock must not be
  /// held by two processes. If the file cannot be opened, the claim will say why. Does not allocate. Only
  /// under ForkGuard::NoFork.
  void OpenForLater();

  /// This process's slot. Claims one if it has none: kNoFreeSlot, kAbsent (the file has lost its name),
  /// kNotOpenable (the file cannot be opened again). After a failure it repeats the error for a second, and
  /// then tries again. Counts each failed attempt in the segment, but for kAbsent. Only under
  /// ForkGuard::Lock. What a claim costs does not grow with the number of workers, until all slots are given
  /// out.
  Result<layout::WorkerSlot*> Hold();

  /// Gives the slot back, which is an end by itself, so that its gauges are no longer shown: for a process that goes on in another
  /// segment. Only for a segment whose file has lost its name. Nobody can claim the slot again, so a thread
  /// that is still setting a gauge cannot hit another worker's. Only under ForkGuard::Lock.
  void Release();

  /// Says in the slot that this process ends by itself: see tenure.h. It keeps the slot, because its gauges
  /// are right until it has ended. No effect if it has none, so that a child does not speak for its parent.
  /// Async-signal-safe; takes no lock.
  void SayEnd() const noexcept;

  /// True if the kernel held this slot for this process when asked before, and no longer does. That happens
  /// in a process restored from an image: the slot is, or will be, somebody else's. Costs three system calls.
  /// Only under ForkGuard::Lock.
  bool IsLost();

 private:
  void ForgetWhatIsNotOurs();
  Result<UniqueFd> OpenOwnDescription();
  /// The same as Claim(), but throws nothing.
  Result<layout::WorkerSlot*> TryClaim();
  Result<layout::WorkerSlot*> Claim();
  Result<layout::WorkerSlot*> ClaimThrough(const UniqueFd& file);
  void TakeOver(layout::WorkerSlot* slot) const;

  const Segment& segment_;
  std::string name_;
  // Written under ForkGuard::Lock, by this process; for_later_ and its generation under ForkGuard::NoFork. By
  // the generation a child knows that they are its parent's.
  // SayEnd() reads these three without the lock: the epoch is set before the slot.
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<layout::WorkerSlot*> slot_{nullptr};
  std::uint64_t epoch_ = 0;  ///< of slot_ while it is this process's
  /// What IsLost() saw last. Some kernels never keep the locks; there, claiming again would bring nothing
  /// back, so nothing counts as lost.
  bool was_held_ = false;
  void* beacon_ = nullptr;  ///< the mapping that keeps the locks
  /// For a claim when the path cannot be opened. Closed as soon as there is a slot.
  KeptFile for_later_;
  std::uint64_t for_later_generation_ = 0;  ///< of the process that opened it
  std::int64_t retry_at_ns_ = 0;
  std::int64_t full_search_at_ns_ = 0;  ///< when every slot may be looked at again
  Error last_error_{};
};

/// Which slots have a living owner. It asks the kernel through `probe_fd`, a descriptor of the segment file
/// that may be read-only. It asks for a read lock, so that other readers' read locks do not look like life.
/// Costs two system calls for each living worker and one more; dead workers cost nothing.
std::vector<bool> AliveSlots(int probe_fd, std::uint32_t slot_count);

/// Whether one slot has a living owner, asked in the same way. Nothing if the kernel does not answer.
std::optional<bool> IsSlotHeld(int probe_fd, std::uint32_t slot);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_WORKER_SLOT_H_
