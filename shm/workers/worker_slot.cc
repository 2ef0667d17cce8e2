#include "shm/workers/worker_slot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shm/base/fork_guard.h"
#include "shm/base/open_file.h"
#include "shm/series/label_block.h"
#include "shm/workers/gauges.h"

namespace shmetrics::shm {
namespace {

// The lock bytes lie far behind the end of the file: they are names, not data. The live bytes stand side by
// side, so that one question covers many of them.
constexpr off_t kClaimBytes = off_t{1} << 60;
constexpr off_t kLiveBytes = off_t{1} << 61;
// A probe asks for a read lock: only a worker's write lock conflicts with it, no stranger's read lock does.
constexpr short kProbeType = F_RDLCK;
constexpr std::int64_t kRetryAfterNs = 1'000'000'000;

struct flock LockOf(short type, off_t start, off_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

/// Locks one byte for the open file description: 0, or EAGAIN if somebody else has it, or what else went wrong.
int TryLock(const UniqueFd& file, off_t byte) {
  struct flock lock = LockOf(F_WRLCK, byte, 1);
  if (fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return 0;
  return errno == EACCES ? EAGAIN : errno;
}

void Unlock(const UniqueFd& file, off_t byte) {
  struct flock lock = LockOf(F_UNLCK, byte, 1);
  fcntl(file.get(), F_OFD_SETLK, &lock);
}

Error CannotHold(int error) {
  return Error{ErrorCode::kNotOpenable, std::string("cannot hold a worker slot: ") + std::strerror(error)};
}

/// Opens the file again, for a file description of its own.
Result<UniqueFd> Reopen(const Segment& segment, int access) {
  UniqueFd file = OpenFile(segment.path().c_str(), access | O_NOFOLLOW | O_NONBLOCK);
  struct stat status;
  if (file.valid() && fstat(file.get(), &status) == 0) {
    if (FileIdentity{status.st_dev, status.st_ino} == segment.identity()) return file;
    return Error{ErrorCode::kAbsent, "segment " + segment.path() + " has been replaced"};
  }
  return Error{errno == ENOENT ? ErrorCode::kAbsent : ErrorCode::kNotOpenable,
               "cannot claim a worker slot in segment " + segment.path() + ": " + std::strerror(errno)};
}

/// When this process began, by the wall clock. Field 22 of /proc/self/stat is in clock ticks since boot. It
/// is counted from the last parenthesis, because the command may contain spaces.
std::int64_t StartedUnixNs() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  std::size_t at = text.rfind(')');
  for (int field = 2; field < 22 && at != std::string::npos; field++) at = text.find(' ', at + 1);
  if (at == std::string::npos) return NowNs(CLOCK_REALTIME);
  const std::int64_t ticks = std::strtoll(text.c_str() + at, nullptr, 10);
  const std::int64_t age_ns = NowNs(CLOCK_BOOTTIME) - ticks * (1'000'000'000 / sysconf(_SC_CLK_TCK));
  return NowNs(CLOCK_REALTIME) - age_ns;
}

}  // namespace

WorkerSlot::WorkerSlot(const Segment& segment, std::string name) : segment_(segment), name_(std::move(name)) {
  if (name_.size() > layout::kWorkerNameBytes) name_.resize(layout::kWorkerNameBytes);
  while (!IsValidUtf8(name_)) name_.pop_back();  // the cut may have gone through a character
}

Result<layout::WorkerSlot*> WorkerSlot::Hold() {
  const std::uint64_t generation = ForkGuard::Generation();
  if (generation_ != generation) {  // first use, or a child: the parent's slot is not ours
    generation_ = generation;
    slot_ = nullptr;
    beacon_ = nullptr;
    retry_at_ns_ = 0;
  }
  if (slot_ != nullptr) return slot_;
  const std::int64_t now = NowNs(CLOCK_MONOTONIC);
  if (now < retry_at_ns_) {
    return Error{last_error_,
                 "no worker slot in segment " + segment_.path() + ": the last attempt failed a moment ago"};
  }
  Result<layout::WorkerSlot*> claimed = Claim();
  if (claimed.ok()) {
    slot_ = claimed.value();
    epoch_ = slot_->epoch.load(std::memory_order_acquire);  // SYNC(slot-epoch)
    was_held_ = false;
    return slot_;
  }
  retry_at_ns_ = now + kRetryAfterNs;
  last_error_ = claimed.error().code;
  if (last_error_ == ErrorCode::kNoFreeSlot) segment_.CountRefusal(layout::Refusal::kNoFreeSlot);
  return claimed;
}

// Claim of a slot; a death on any rung closes the description and so drops its locks:
//   1 lock the claim byte        die here -> free; the words still show the former owner, dead
//   2 bump the epoch             die here -> free; a dead owner without a past
//   3 clear row, write identity  die here -> free; a half-written dead owner: readers skip rows of the dead
//   4 lock the live byte         die here -> free; a dead owner that never set a gauge
//   5 map a page, close          die here -> as after any death of a worker
// worker_slot.pml is a model of it: change both.
// SYNC(slot-epoch): everything in 3 is a release store behind the bump; readers load it with acquire and the
// epoch again afterwards, so that a reader that met the new owner's words also meets the new epoch.
Result<layout::WorkerSlot*> WorkerSlot::Claim() {
  const ForkGuard::NoFork no_fork;  // until only the mapping holds the description
  if (!no_fork.held()) return CannotHold(EAGAIN);
  Result<UniqueFd> file = Reopen(segment_, O_RDWR);
  if (!file.ok()) return file.error();
  no_fork.CloseInChild(file->get());
  const std::uint32_t slot_count = segment_.header().slot_count;
  for (std::uint32_t i = 0; i < slot_count; i++) {
    const int taken = TryLock(file.value(), kClaimBytes + i);
    if (taken == EAGAIN) continue;
    if (taken != 0) return CannotHold(taken);
    SHMETRICS_CRASH_POINT("slot_claim_locked");
    auto* slot = reinterpret_cast<layout::WorkerSlot*>(segment_.base() + segment_.header().slots_offset) + i;
    TakeOver(slot);
    SHMETRICS_CRASH_POINT("slot_taken_over");
    if (TryLock(file.value(), kLiveBytes + i) != 0) {  // a stranger's read lock: skip this slot
      Unlock(file.value(), kClaimBytes + i);
      continue;
    }
    SHMETRICS_CRASH_POINT("slot_live_locked");
    void* beacon = mmap(nullptr, layout::kPageBytes, PROT_READ, MAP_SHARED, file->get(), 0);
    if (beacon == MAP_FAILED || madvise(beacon, layout::kPageBytes, MADV_DONTFORK) != 0) {
      const int error = errno;
      if (beacon != MAP_FAILED) munmap(beacon, layout::kPageBytes);
      return CannotHold(error);
    }
    beacon_ = beacon;
    return slot;
  }
  return Error{ErrorCode::kNoFreeSlot, "all " + std::to_string(slot_count) + " worker slots of segment " +
                                           segment_.path() + " belong to living processes; configure more"};
}

void WorkerSlot::TakeOver(layout::WorkerSlot* slot) const {
  slot->epoch.fetch_add(1, std::memory_order_acq_rel);  // SYNC(slot-epoch)
  SHMETRICS_CRASH_POINT("slot_epoch_bumped");
  ClearGaugeRow(segment_, slot);
  slot->pid.store(static_cast<std::uint32_t>(getpid()), std::memory_order_release);  // SYNC(slot-epoch)
  slot->started_unix_ns.store(StartedUnixNs(), std::memory_order_release);           // SYNC(slot-epoch)
  std::uint64_t words[std::size(layout::WorkerSlot{}.name)] = {};
  std::memcpy(words, name_.data(), std::min(name_.size(), sizeof words));
  for (std::size_t i = 0; i < std::size(words); i++) {
    slot->name[i].store(words[i], std::memory_order_release);  // SYNC(slot-epoch)
  }
}

void WorkerSlot::Release() {
  if (generation_ != ForkGuard::Generation() || beacon_ == nullptr) return;
  munmap(beacon_, layout::kPageBytes);  // the last reference to the description, so both locks go
  beacon_ = nullptr;
  slot_ = nullptr;
}

bool WorkerSlot::IsLost() {
  if (slot_ == nullptr || generation_ != ForkGuard::Generation()) return false;
  const ForkGuard::NoFork no_fork;  // until the probe is closed
  const UniqueFd probe = no_fork.held() ? OpenForProbing(segment_) : UniqueFd();
  if (!probe.valid()) return false;
  no_fork.CloseInChild(probe.get());
  const auto* slots =
      reinterpret_cast<const layout::WorkerSlot*>(segment_.base() + segment_.header().slots_offset);
  const bool is_held = IsSlotHeld(probe.get(), static_cast<std::uint32_t>(slot_ - slots)) &&
                       slot_->epoch.load(std::memory_order_acquire) == epoch_;  // SYNC(slot-epoch)
  return std::exchange(was_held_, is_held) && !is_held;
}

std::vector<bool> AliveSlots(int probe_fd, std::uint32_t slot_count) {
  std::vector<bool> alive(slot_count, false);
  std::vector<std::pair<off_t, off_t>> open_ranges{{0, slot_count}};  // [first, last) not yet answered
  while (!open_ranges.empty()) {
    const auto [first, last] = open_ranges.back();
    open_ranges.pop_back();
    struct flock lock = LockOf(kProbeType, kLiveBytes + first, last - first);
    // The kernel names one lock that is in the way: whatever it covers is alive, the rest is asked again. An
    // error proves nothing, so nobody is declared dead for it.
    const bool answered = fcntl(probe_fd, F_OFD_GETLK, &lock) == 0;
    if (answered && lock.l_type == F_UNLCK) continue;
    off_t begin = answered ? std::clamp(lock.l_start - kLiveBytes, first, last) : first;
    off_t end =
        answered && lock.l_len > 0 ? std::clamp(lock.l_start + lock.l_len - kLiveBytes, begin, last) : last;
    if (begin == end) begin = first, end = last;  // cannot be; but the loop must end
    for (off_t slot = begin; slot < end; slot++) alive[static_cast<std::size_t>(slot)] = true;
    if (first < begin) open_ranges.emplace_back(first, begin);
    if (end < last) open_ranges.emplace_back(end, last);
  }
  return alive;
}

bool IsSlotHeld(int probe_fd, std::uint32_t slot) {
  struct flock lock = LockOf(kProbeType, kLiveBytes + slot, 1);
  return fcntl(probe_fd, F_OFD_GETLK, &lock) != 0 || lock.l_type != F_UNLCK;
}

UniqueFd OpenForProbing(const Segment& segment) {
  Result<UniqueFd> file = Reopen(segment, O_RDONLY);
  return file.ok() ? std::move(file.value()) : UniqueFd();
}

}  // namespace shmetrics::shm
