#include "client-lib/binding/connection.h"

#include <pthread.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <system_error>
#include <utility>

#include "client-lib/binding/guarded.h"
#include "client-lib/binding/never_freed.h"
#include "client-lib/config/segment_settings.h"
#include "shm/base/clock.h"
#include "shm/base/crash_point.h"
#include "shm/base/fork_guard.h"
#include "shm/base/no_cancel.h"
#include "shm/base/pid_namespace.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/namespace_lock.h"
#include "shm/segment/segment_options.h"
#include "shm/segment/segment_path.h"
#include "shm/workers/tenure.h"

namespace shmetrics::internal {
namespace {

/// After a failure, and after a replacement: somebody may remove every file that appears.
constexpr std::int64_t kRetryAfterNs = 1'000'000'000;
constexpr std::int64_t kCheckAfterNs = 100'000'000;

/// The most replaced segments that one process keeps mapped. Handles point into them, so none is ever
/// unmapped.
constexpr std::uint32_t kMaxReplaced = 64;
/// How many there are. Writer: Replace(). A child keeps its parent's.
constinit std::atomic<std::uint32_t> replaced_count{0};

/// Newest first: that is nearly always the one looked for.
constinit std::atomic<Attachment*> all_attachments{nullptr};
/// Whether fork() calls PrepareChild(). Twice would do no harm. Writer: any thread that attaches.
constinit std::atomic<bool> prepares_children{false};

/// Asks what decisions depend on, while /proc can be read. An answer is kept; a failure is told when it
/// matters.
void AskEarly() {
  shm::PidNamespace();
  shm::LeaseClockIsKnown();
}

/// Runs in each child right after fork(), while it still has the rights of its parent: a server's workers
/// drop theirs a moment later.
void PrepareChild() {
  const shm::NoCancel no_cancel;  // a thread cannot be unwound out of fork()
  AskEarly();
  const shm::ForkGuard::NoFork no_fork;
  Attachment* attachment = all_attachments.load(std::memory_order_acquire);  // pairs with Publish()
  for (; attachment != nullptr; attachment = attachment->next) {
    // First, so that its number is known to be dead before another file gets it.
    attachment->segment->probe_fd();
    attachment->slot.OpenForLater();
  }
}

constexpr const char* kOtherView =
    "the root folder or the mounts of this process are others than when it opened the registry, so a file at "
    "that path would not be the host's; mount the segment's folder there, or restart the process";

/// Runs when the process exits through exit() or the end of main(), behind the handlers of the application. In
/// a forked child it speaks for the child alone.
[[gnu::destructor]] void SayEndAtExit() { Attachment::SayEnd(); }

Error NoName(const shm::Segment& segment, shm::Segment::Name name) {
  const std::string lost =
      "segment " + segment.path() + " has been removed or replaced, so nothing is decided in it";
  switch (name) {
    case shm::Segment::Name::kUnknown:
      return Error{ErrorCode::kAbsent,
                   "it cannot be found out whether segment " + segment.path() +
                       " still has its name, so nothing is decided in it: its path is out of reach, and its "
                       "descriptors are closed, or the path leads elsewhere, and the file has another name"};
    case shm::Segment::Name::kOutOfReach:
      return Error{ErrorCode::kAbsent, lost + ", and its successor is out of reach: " + kOtherView};
    case shm::Segment::Name::kKept:
    case shm::Segment::Name::kLost:
      break;
  }
  return Error{ErrorCode::kAbsent, lost};
}

Error GivenUp(const shm::Segment& segment) {
  return Error{
      ErrorCode::kAbsent,
      "segment " + segment.path() +
          " has been given up for another of its name, so nothing is decided in it; if its path still "
          "leads to it, remove the file"};
}

/// The newest attachment of this process, or of one that it descends from, to a segment of this path.
const Attachment* AttachmentTo(const std::string& path) {
  const Attachment* attachment = all_attachments.load(std::memory_order_acquire);  // pairs with Publish()
  while (attachment != nullptr && attachment->segment->path() != path) attachment = attachment->next;
  return attachment;
}

/// What an earlier registry saw counts for a later one: in between, the process may have changed its root.
std::optional<shm::PathView> FirstViewOf(const std::string& path) {
  const Attachment* attachment = AttachmentTo(path);
  return attachment != nullptr ? attachment->segment->view() : shm::CurrentPathView();
}

/// Makes the path absolute. A worker that changes its folder must not find or make another segment under the
/// same name.
std::string AbsolutePath(const std::string& path) {
  std::error_code failed;
  const std::filesystem::path absolute = std::filesystem::absolute(path, failed);
  return failed ? path : absolute.string();
}

uid_t TrustedOwner(const RegistryOptions& options) {
  return static_cast<uid_t>(options.trusted_owner.value_or(-1));
}

/// Throws std::bad_alloc.
const Error* CopyOf(const Error& error) { return new Error(error); }

std::string WorkerNameOf(const RegistryOptions& options) {
  return options.worker_name.empty() ? program_invocation_short_name : options.worker_name;
}

}  // namespace

std::int64_t CoarseNowNs() noexcept { return shm::NowNs(CLOCK_MONOTONIC_COARSE); }

Result<void> Attachment::CheckBinds() const {
  if (Binds()) return {};
  segment->CountRefusal(shm::layout::Refusal::kAbsent);
  if (has_left_) return Error{ErrorCode::kAbsent, "segment " + segment->path() + " has been replaced"};
  // no order needed: as in Binds()
  const shm::Segment::Name name = name_.load(std::memory_order_relaxed);
  return name == shm::Segment::Name::kKept ? GivenUp(*segment) : NoName(*segment, name);
}

void Attachment::NoteName(shm::Segment::Name name) noexcept {
  name_.store(name, std::memory_order_relaxed);  // no order needed: as in Binds()
}

Result<shm::layout::WorkerSlot*> Attachment::HoldForLease() {
  const shm::ForkGuard::Lock lock;
  if (Result<void> binds = CheckBinds(); !binds.ok()) return binds.error();
  Result<shm::layout::WorkerSlot*> held = slot.Hold();
  if (!held.ok()) {
    // The slot counts the others itself.
    if (held.error().code == ErrorCode::kAbsent) segment->CountRefusal(shm::layout::Refusal::kAbsent);
    return held;
  }
  const std::uint64_t generation = shm::ForkGuard::Generation();
  if (leases_generation_ != generation) held_leases_ = 0;
  leases_generation_ = generation;
  held_leases_++;
  shm::layout::WorkerSlot* own = held.value();
  // SYNC(slot-epoch), see worker_slot.cc
  shm::layout::Tenure& tenure = shm::TenureOf(own, own->epoch.load(std::memory_order_acquire));
  tenure.leases.fetch_add(1, std::memory_order_release);  // SYNC(slot-epoch)
  tenure_.store(&tenure, std::memory_order_release);      // pairs with DropLease()
  return held;
}

void Attachment::DropLease() noexcept {
  // Before the slot may be given back. SYNC(slot-epoch)
  tenure_.load(std::memory_order_acquire)->leases.fetch_sub(1, std::memory_order_release);
  if (held_leases_.fetch_sub(1) != 1 || !has_left_) return;
  const shm::ForkGuard::Lock lock;
  if (held_leases_ == 0) slot.Release();
}

void Attachment::Leave() noexcept {
  const shm::ForkGuard::Lock lock;
  has_left_ = true;
  if (held_leases_ == 0 || leases_generation_ != shm::ForkGuard::Generation()) slot.Release();
}

bool Attachment::FindsSlotLost() noexcept {
  const shm::ForkGuard::Lock lock;
  if (slot.IsLost()) has_lost_slot_ = true;
  return has_lost_slot_;
}

bool Attachment::PreparesChildren() noexcept {
  if (prepares_children.load(std::memory_order_acquire)) return true;  // pairs with the store below
  if (pthread_atfork(nullptr, nullptr, PrepareChild) != 0) return false;
  prepares_children.store(true, std::memory_order_release);  // pairs with the load above
  return true;
}

void Attachment::SayEnd() noexcept {
  const Attachment* attachment = all_attachments.load(std::memory_order_acquire);  // pairs with Publish()
  for (; attachment != nullptr; attachment = attachment->next) attachment->slot.SayEnd();
}

void Attachment::Publish() noexcept {
  next = all_attachments.load(std::memory_order_relaxed);  // no order needed: the exchange below publishes
  while (!all_attachments.compare_exchange_weak(next, this, std::memory_order_acq_rel)) {  // pairs with Of()
  }
  AskEarly();
  // After it is published: a child forked in between finds it, and closes what it has inherited.
  const shm::ForkGuard::NoFork no_fork;
  if (!no_fork.held()) return;
  slot.OpenForLater();
  shm::NamespaceLock::OpenEarly(*segment);
}

Attachment* Attachment::Of(const void* record) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(record);
  Attachment* attachment = all_attachments.load(std::memory_order_acquire);  // pairs with Publish()
  for (; attachment != nullptr; attachment = attachment->next) {
    const auto base = reinterpret_cast<std::uintptr_t>(attachment->segment->base());
    if (address - base < attachment->segment->header().segment_bytes) break;
  }
  return attachment;
}

Connection::Connection(const RegistryOptions& options, std::optional<Error> refused)
    : options_(options),
      path_(AbsolutePath(options.segment.empty() ? shm::DefaultSegmentPath() : options.segment)),
      may_attach_(!refused),
      view_(FirstViewOf(path_)) {
  if (refused) NoteFailure(*refused);
}

Attachment* Connection::Refresh() noexcept {
  Attachment* attachment = Current();
  if (!may_attach_) return attachment;
  if (attachment != nullptr) {
    const shm::Segment::Name name = attachment->segment->CheckName();
    attachment->NoteName(name);
    // A new segment would be another than that of the others, if they still have this one.
    if (name != shm::Segment::Name::kLost) return attachment;
  }
  // no order needed: with a stale time there is one attempt more or less
  if (CoarseNowNs() >= retry_at_ns_.load(std::memory_order_relaxed)) return Replace(attachment);
  // no order needed: a statistic
  if (attachment != nullptr) is_late_.store(true, std::memory_order_relaxed);
  return attachment;
}

Attachment* Connection::RefreshToDecide() noexcept {
  Attachment* attachment = RefreshNowAndThen();
  if (attachment == nullptr) return nullptr;
  if (!attachment->Binds()) return Refresh();
  const std::int64_t now = CoarseNowNs();
  // no order needed: one question more or less
  if (asked_at_ns_.load(std::memory_order_relaxed) == now) return attachment;
  asked_at_ns_.store(now, std::memory_order_relaxed);  // no order needed: as above
  return attachment->segment->HasAName() ? attachment : Refresh();
}

Attachment* Connection::RefreshNowAndThen() noexcept {
  const std::int64_t now = CoarseNowNs();
  std::int64_t check_at = check_at_ns_.load(std::memory_order_relaxed);  // no order needed: as in Refresh
  if (now < check_at) return Current();
  // no order needed: one of many threads is enough
  if (!check_at_ns_.compare_exchange_strong(check_at, now + kCheckAfterNs, std::memory_order_relaxed))
    return Current();
  return CheckAt(now);
}

Attachment* Connection::CheckAt(std::int64_t now_ns) noexcept {
  const shm::NoCancel no_cancel;
  Attachment* attachment = Current();
  // no order needed: as in Refresh
  const bool may_replace = now_ns >= retry_at_ns_.load(std::memory_order_relaxed);
  if (may_replace && attachment != nullptr && attachment->FindsSlotLost()) return Replace(attachment);
  return Refresh();
}

/// Gives up moving to a new segment, and says so in it.
void Connection::NoteTooManyReplaced() {
  using shm::Segment;
  Result<std::shared_ptr<Segment>> missed =
      Segment::Attach(path_, Segment::Access::kReadWrite, TrustedOwner(options_));
  if (missed.ok()) missed.value()->CountRefusal(shm::layout::Refusal::kNotFollowed);
  NoteFailure(Error{ErrorCode::kAbsent, "segment " + path_ +
                                            " has been removed or replaced, and this process keeps " +
                                            std::to_string(kMaxReplaced) +
                                            " replaced ones already; find out who removes it, and restart"});
}

/// False in a jail. Without /proc nothing is known at first, and then no segment can be attached to either.
bool Connection::MayFollowPath(const Attachment* old) const noexcept {
  if (old != nullptr) return old->segment->PathMeansTheSame();
  return !view_ || shm::CurrentPathView() == view_;
}

Attachment* Connection::Replace(Attachment* old) noexcept {
  return Guarded([&] { return AttachInsteadOf(old); },
                 [&] {
                   NoteFailure(no_memory_);
                   return old;
                 });
}

// A process moves to another segment of the name:
//   1 attach to it, or make it       die here -> others find it, as this process did
//   2 tell all who have the old one  die here -> nobody decides in the old one; each looks for the new one
//   3 use it                         die here -> as after any death of a worker
// 2 comes before 3: no process decides in the new one while somebody whom it could have told decides in the
// old one.
//
/// Two threads may run this at once. The slower one's attachment is dropped before anyone has seen it.
Attachment* Connection::AttachInsteadOf(Attachment* old) {
  if (!MayFollowPath(old)) {
    NoteFailure(Error{ErrorCode::kAbsent, "segment " + path_ + " is not looked for: " + kOtherView});
    return old;
  }
  // no order needed: a rough bound on memory
  if (old != nullptr && replaced_count.load(std::memory_order_relaxed) >= kMaxReplaced) {
    NoteTooManyReplaced();
    return old;
  }
  Result<std::shared_ptr<shm::Segment>> segment =
      shm::Segment::AttachOrCreate(path_, config::SegmentOptionsOf(options_), TrustedOwner(options_));
  if (!segment.ok()) {
    NoteFailure(segment.error());
    return old;
  }
  auto attachment = std::make_unique<Attachment>(std::move(segment.value()), WorkerNameOf(options_));
  if (!Attachment::PreparesChildren()) {
    NoteFailure(no_memory_);
    return old;
  }
  SHMETRICS_CRASH_POINT("segment_successor_found");
  if (old != nullptr) old->segment->GiveWayTo(*attachment->segment);
  Attachment* seen = old;
  // A child forked between the next two steps would use an attachment that its fork handler does not know.
  const shm::ForkGuard::NoFork no_fork;
  // pairs with the acquire in Current()
  if (!current_.compare_exchange_strong(seen, attachment.get(), std::memory_order_acq_rel)) return seen;
  attachment->Publish();
  if (old != nullptr) {
    // no order needed: as in Refresh
    retry_at_ns_.store(CoarseNowNs() + kRetryAfterNs, std::memory_order_relaxed);
    replaced_count.fetch_add(1, std::memory_order_relaxed);   // no order needed: as above
    if (is_late_.exchange(false, std::memory_order_relaxed))  // no order needed: a statistic
      attachment->segment->CountRefusal(shm::layout::Refusal::kNotFollowed);
    KeepNeverFreed(old);
    // no order needed: the exchange below publishes
    old->next_replaced = replaced_.load(std::memory_order_relaxed);
    // pairs with TakeReplaced()
    while (!replaced_.compare_exchange_weak(old->next_replaced, old, std::memory_order_acq_rel)) {
    }
  }
  return attachment.release();
}

void Connection::NoteFailure(const Error& error) noexcept {
  // no order needed: as in Refresh
  retry_at_ns_.store(CoarseNowNs() + kRetryAfterNs, std::memory_order_relaxed);
  const Error* last = last_error_.load(std::memory_order_acquire);
  if (last != nullptr && last->code == error.code && last->message == error.message) return;
  const Error* noted = Guarded([&] { return CopyOf(error); }, [this] { return &no_memory_; });
  const Error* former = last_error_.exchange(noted, std::memory_order_acq_rel);  // pairs with error()
  if (former != &no_memory_) KeepNeverFreed(former);
}

std::optional<Error> Connection::error() const {
  const Attachment* attachment = Current();
  const auto name = attachment == nullptr ? shm::Segment::Name::kLost : attachment->segment->CheckName();
  if (attachment != nullptr && name == shm::Segment::Name::kKept) {
    return attachment->segment->IsSuperseded() ? std::optional(GivenUp(*attachment->segment)) : std::nullopt;
  }
  if (name == shm::Segment::Name::kUnknown || name == shm::Segment::Name::kOutOfReach)
    return NoName(*attachment->segment, name);
  const Error* last = last_error_.load(std::memory_order_acquire);
  if (last != nullptr) return *last;
  if (attachment != nullptr) return NoName(*attachment->segment, name);
  return Error{ErrorCode::kAbsent, "no segment has been asked for yet"};
}

bool Connection::DecidesPrivately() const noexcept {
  if (!may_attach_ || !options_.private_decisions.value_or(false)) return false;
  // Another registry of this process, or of a parent, may have had it.
  return AttachmentTo(path_) == nullptr;
}

Error Connection::NothingDecided() const {
  const std::optional<Error> why = error();
  if (why) return Error{ErrorCode::kAbsent, "nothing was decided: " + why->message};
  return shm::OutOfMemory();
}

}  // namespace shmetrics::internal
