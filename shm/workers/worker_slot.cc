#include "shm/workers/worker_slot.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>
#include <utility>

#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shm/base/fork_guard.h"
#include "shm/base/out_of_memory.h"
#include "shm/base/pid_namespace.h"
#include "shm/base/process_start.h"
#include "shm/segment/refusal.h"
#include "shm/segment/segment_file.h"
#include "shm/series/label_block.h"
#include "shm/workers/gauges.h"
#include "shm/workers/slot_search.h"
#include "shm/workers/tenure.h"

namespace shmetrics::shm {
namespace {

// The lock bytes lie far behind the end of the file: they are names, not data. The live bytes stand side by
// side, so that one question covers many of them.
constexpr off_t kClaimBytes = off_t{1} << 60;
constexpr off_t kLiveBytes = off_t{1} << 61;
// A probe asks for a read lock: only a worker's write lock conflicts with it, no stranger's read lock does.
constexpr short kProbeType = F_RDLCK;
constexpr std::int64_t kRetryAfterNs = 1'000'000'000;
/// A full search tries the lock of every slot. A process without a slot must cost next to nothing.
constexpr std::int64_t kFullSearchAfterNs = 64 * kRetryAfterNs;

struct flock LockOf(short type, off_t start, off_t length) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = start;
  lock.l_len = length;
  return lock;
}

/// Locks one byte for the open file description: 0, or EAGAIN if somebody else has it, or what else went
/// wrong.
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

/// Why a process that is attached cannot have a slot. Says who it is and what the file is like, as far as
/// that can be found out, because a wrong user is the usual cause.
Error CannotOpenAgain(const Segment& segment, int error) {
  std::string why = "segment " + segment.path() +
                    " cannot be opened again, so this process gets no worker slot: " + std::strerror(error) +
                    "; it runs as uid " + std::to_string(geteuid()) + ", gid " + std::to_string(getegid());
  struct stat status;
  if (fstat(segment.probe_fd(), &status) == 0) {
    char mode[8];
    std::snprintf(mode, sizeof mode, "%04o", status.st_mode & 07777U);
    why += ", and the file has mode " + std::string(mode) + ", uid " + std::to_string(status.st_uid) +
           ", gid " + std::to_string(status.st_gid);
  }
  return Error{ErrorCode::kNotOpenable,
               why + "; attach before fork(), or put the segment into a folder of the workers' group"};
}

/// A mapping that no child inherits, so that it holds the file's description for this process alone. Null on
/// failure; errno then tells why.
void* MapBeacon(const UniqueFd& file) {
  void* beacon = mmap(nullptr, layout::kPageBytes, PROT_READ, MAP_SHARED, file.get(), 0);
  if (beacon == MAP_FAILED) return nullptr;
  if (madvise(beacon, layout::kPageBytes, MADV_DONTFORK) == 0) return beacon;
  const int error = errno;
  munmap(beacon, layout::kPageBytes);
  errno = error;
  return nullptr;
}

/// Gives an open file back to where it is kept, also when memory for an error is short: there may be no other
/// way to it.
class KeepsFile {
 public:
  KeepsFile(KeptFile* kept, UniqueFd* file) : kept_(*kept), file_(*file) {}
  ~KeepsFile() {
    if (file_.valid()) kept_.Keep(std::move(file_));
  }
  KeepsFile(const KeepsFile&) = delete;
  KeepsFile& operator=(const KeepsFile&) = delete;

 private:
  KeptFile& kept_;
  UniqueFd& file_;
};

/// When a process that began at these ticks began by the wall clock; now, if it is not known.
std::int64_t StartedUnixNs(std::uint64_t ticks) {
  if (ticks == 0) return NowNs(CLOCK_REALTIME);
  const std::int64_t since_boot_ns =
      static_cast<std::int64_t>(ticks) * (1'000'000'000 / sysconf(_SC_CLK_TCK));
  return NowNs(CLOCK_REALTIME) - (NowNs(CLOCK_BOOTTIME) - since_boot_ns);
}

}  // namespace

WorkerSlot::WorkerSlot(const Segment& segment, std::string name)
    : segment_(segment), name_(std::move(name)), for_later_(segment.identity()) {
  if (name_.size() > layout::kWorkerNameBytes) name_.resize(layout::kWorkerNameBytes);
  while (!IsValidUtf8(name_)) name_.pop_back();  // the cut may have gone through a character
}

/// A number that the application has closed would be given to the next file that is opened here, and then
/// closed twice. And what a child has inherited is its parent's: the application may have forked in a way
/// that calls no handler.
void WorkerSlot::ForgetWhatIsNotOurs() {
  for_later_.Get();
  if (for_later_generation_ != ForkGuard::Generation()) for_later_.Take();
  for_later_generation_ = ForkGuard::Generation();
}

void WorkerSlot::OpenForLater() {
  ForgetWhatIsNotOurs();
  for_later_.Keep(ReopenSegmentFile(segment_.path().c_str(), segment_.identity(), O_RDWR));
}

/// The path comes first. A child that calls no handler of fork() has inherited the kept descriptor, and with
/// it the locks that are taken through it.
Result<UniqueFd> WorkerSlot::OpenOwnDescription() {
  ForgetWhatIsNotOurs();
  UniqueFd file = ReopenSegmentFile(segment_.path().c_str(), segment_.identity(), O_RDWR);
  if (file.valid()) return file;
  const int error = errno;
  const Segment::Name name = segment_.CheckName();
  if (name == Segment::Name::kLost || name == Segment::Name::kOutOfReach)
    return Error{ErrorCode::kAbsent, "segment " + segment_.path() + " has been removed or replaced"};
  file = for_later_.Take();
  if (file.valid()) return file;
  return CannotOpenAgain(segment_, error);
}

Result<layout::WorkerSlot*> WorkerSlot::Hold() {
  const std::uint64_t generation = ForkGuard::Generation();
  if (generation_ != generation) {  // first use, or a child: the parent's slot is not ours
    slot_ = nullptr;                // before the generation: SayEnd() must not take the parent's for ours
    generation_ = generation;
    beacon_ = nullptr;
    retry_at_ns_ = 0;
    full_search_at_ns_ = 0;
  }
  if (layout::WorkerSlot* slot = slot_) return slot;
  const std::int64_t now = NowNs(CLOCK_MONOTONIC_COARSE);
  if (now < retry_at_ns_) return last_error_;
  Result<layout::WorkerSlot*> claimed = TryClaim();
  if (claimed.ok()) {
    epoch_ = claimed.value()->epoch.load(std::memory_order_acquire);  // SYNC(slot-epoch)
    slot_ = claimed.value();
    was_held_ = false;
    return claimed;
  }
  retry_at_ns_ = now + kRetryAfterNs;
  const ErrorCode code = claimed.error().code;
  const std::optional<layout::Refusal> reason = RefusalOf(code);
  if (reason && code != ErrorCode::kAbsent) segment_.CountRefusal(*reason);
  last_error_ = OutOfMemory();  // what is said if there is no memory for the next line
  last_error_ = claimed.error();
  return last_error_;
}

Result<layout::WorkerSlot*> WorkerSlot::TryClaim() try { return Claim(); } catch (const std::exception&) {
  return OutOfMemory();
}

// Claim of a slot; a death on any rung closes the description and so drops its locks:
//   1 lock the claim byte        die here -> free; the words still show the former owner, dead
//   2 prepare the tenure         die here -> the same: nobody looks at it yet (a ladder in tenure.cc)
//   3 bump the epoch             die here -> free; a dead owner without a past; the former one is counted
//   4 clear row, write identity  die here -> free; a half-written dead owner: readers skip rows of the dead
//   5 lock the live byte         die here -> free; a dead owner that never set a gauge
//   6 map a page, close          die here -> the same
//   7 say that it lives          die here -> as after any death of a worker
// worker_slot.pml is a model of it: change both.
// SYNC(slot-epoch): everything in 4 is a release store behind the bump; readers load it with acquire and the
// epoch again afterwards, so that a reader that met the new owner's words also meets the new epoch. What the
// owner says in its tenure is read in the same way.
Result<layout::WorkerSlot*> WorkerSlot::Claim() {
  const ForkGuard::NoFork no_fork;  // until only the mapping holds the description
  if (!no_fork.held())
    return Error{ErrorCode::kNotOpenable,
                 std::string("cannot hold a worker slot: ") + no_fork.why_not_held()};
  Result<UniqueFd> file = OpenOwnDescription();
  if (!file.ok()) return file.error();
  no_fork.CloseInChild(file->get());
  const KeepsFile unless_claimed(&for_later_, &file.value());  // it has no lock then
  Result<layout::WorkerSlot*> slot = ClaimThrough(file.value());
  if (!slot.ok()) return slot;
  file.value() = UniqueFd();
  for_later_.Take();
  return slot;
}

Result<layout::WorkerSlot*> WorkerSlot::ClaimThrough(const UniqueFd& file) {
  const std::int64_t now = NowNs(CLOCK_MONOTONIC_COARSE);
  const bool may_look_at_all = now >= full_search_at_ns_;
  SlotSearch search(segment_, may_look_at_all ? SlotSearch::Reach::kAll : SlotSearch::Reach::kSeeminglyFree);
  while (const std::optional<std::uint32_t> number = search.Next()) {
    const int taken = TryLock(file, kClaimBytes + *number);
    if (taken == EAGAIN) continue;
    if (taken != 0) return CannotHold(taken);
    SHMETRICS_CRASH_POINT("slot_claim_locked");
    layout::WorkerSlot* slot = &segment_.worker_slot(*number);
    TakeOver(slot);
    SHMETRICS_CRASH_POINT("slot_taken_over");
    layout::Tenure& tenure = TenureOf(slot, slot->epoch.load(std::memory_order_acquire));  // SYNC(slot-epoch)
    if (TryLock(file, kLiveBytes + *number) != 0) {  // a stranger's read lock: skip this slot
      tenure.stage.store(layout::TenureStage::kEnded, std::memory_order_release);  // SYNC(slot-epoch)
      Unlock(file, kClaimBytes + *number);
      continue;
    }
    SHMETRICS_CRASH_POINT("slot_live_locked");
    beacon_ = MapBeacon(file);
    if (beacon_ != nullptr) {
      tenure.stage.store(layout::TenureStage::kLiving, std::memory_order_release);  // SYNC(slot-epoch)
      return slot;
    }
    const int error = errno;
    tenure.stage.store(layout::TenureStage::kEnded, std::memory_order_release);  // SYNC(slot-epoch)
    Unlock(file, kLiveBytes + *number);
    Unlock(file, kClaimBytes + *number);
    return CannotHold(error);
  }
  if (may_look_at_all) full_search_at_ns_ = now + kFullSearchAfterNs;
  return Error{ErrorCode::kNoFreeSlot, "all " + std::to_string(segment_.header().slot_count) +
                                           " worker slots of segment " + segment_.path() +
                                           " belong to living processes; configure more"};
}

void WorkerSlot::TakeOver(layout::WorkerSlot* slot) const {
  PrepareTenure(segment_, slot);
  SHMETRICS_CRASH_POINT("slot_tenure_prepared");
  slot->epoch.fetch_add(1, std::memory_order_acq_rel);  // SYNC(slot-epoch)
  SHMETRICS_CRASH_POINT("slot_epoch_bumped");
  ClearGaugeRow(segment_, slot);
  slot->pid.store(static_cast<std::uint32_t>(getpid()), std::memory_order_release);  // SYNC(slot-epoch)
  const std::uint64_t ticks = OwnStartTicks();
  slot->start_ticks.store(ticks, std::memory_order_release);                     // SYNC(slot-epoch)
  slot->pid_namespace.store(PidNamespace(), std::memory_order_release);          // SYNC(slot-epoch)
  slot->started_unix_ns.store(StartedUnixNs(ticks), std::memory_order_release);  // SYNC(slot-epoch)
  std::uint64_t words[std::size(layout::WorkerSlot{}.name)] = {};
  std::memcpy(words, name_.data(), std::min(name_.size(), sizeof words));
  for (std::size_t i = 0; i < std::size(words); i++) {
    slot->name[i].store(words[i], std::memory_order_release);  // SYNC(slot-epoch)
  }
}

void WorkerSlot::SayEnd() const noexcept {
  const std::uint64_t generation = generation_;  // before the slot: see Hold()
  layout::WorkerSlot* slot = slot_;
  if (slot == nullptr || generation != ForkGuard::Generation()) return;
  // A process restored from an image may have lost the slot to another.
  if (slot->epoch.load(std::memory_order_acquire) != epoch_) return;  // SYNC(slot-epoch)
  TenureOf(slot, epoch_)
      .stage.store(layout::TenureStage::kEnded, std::memory_order_release);  // SYNC(slot-epoch)
}

void WorkerSlot::Release() {
  if (generation_ != ForkGuard::Generation() || beacon_ == nullptr) return;
  SayEnd();
  munmap(beacon_, layout::kPageBytes);  // the last reference to the description, so both locks go
  beacon_ = nullptr;
  slot_ = nullptr;
}

bool WorkerSlot::IsLost() {
  const layout::WorkerSlot* const slot = slot_;
  if (slot == nullptr || generation_ != ForkGuard::Generation()) return false;
  const int probe = segment_.probe_fd();
  if (probe < 0) return false;
  const auto number = static_cast<std::uint32_t>(slot - &segment_.worker_slot(0));
  const std::optional<bool> answer = IsSlotHeld(probe, number);
  if (!answer) return false;
  const bool is_held = *answer && slot->epoch.load(std::memory_order_acquire) == epoch_;  // SYNC(slot-epoch)
  // Asked again: if the application has closed the descriptor meanwhile, the answer was about another file.
  if (!is_held && segment_.probe_fd() != probe) return false;
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

std::optional<bool> IsSlotHeld(int probe_fd, std::uint32_t slot) {
  struct flock lock = LockOf(kProbeType, kLiveBytes + slot, 1);
  if (fcntl(probe_fd, F_OFD_GETLK, &lock) != 0) return std::nullopt;
  return lock.l_type != F_UNLCK;
}

}  // namespace shmetrics::shm
