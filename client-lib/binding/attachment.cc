#include "client-lib/binding/attachment.h"

#include <pthread.h>

#include <utility>

#include "shm/base/fork_guard.h"
#include "shm/base/no_cancel.h"
#include "shm/base/pid_namespace.h"
#include "shm/leases/lease_clock.h"
#include "shm/leases/namespace_lock.h"
#include "shm/workers/tenure.h"

namespace shmetrics::internal {
namespace {

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

}  // namespace

Result<void> Attachment::CheckBinds() const {
  if (Binds()) return {};
  segment->CountRefusal(shm::layout::Refusal::kAbsent);
  if (has_left_) return Error{ErrorCode::kAbsent, "segment " + segment->path() + " has been replaced"};
  // no order needed: as in Binds()
  const shm::Segment::Name name = name_.load(std::memory_order_relaxed);
  return name == shm::Segment::Name::kKept ? GivenUp(*segment) : NoName(*segment, name);
}

std::optional<Error> Attachment::WhyNothingBinds(shm::Segment::Name name) const {
  if (name != shm::Segment::Name::kKept) return NoName(*segment, name);
  return segment->IsSuperseded() ? std::optional(GivenUp(*segment)) : std::nullopt;
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

const Attachment* Attachment::NewestTo(const std::string& path) noexcept {
  const Attachment* attachment = all_attachments.load(std::memory_order_acquire);  // pairs with Publish()
  while (attachment != nullptr && attachment->segment->path() != path) attachment = attachment->next;
  return attachment;
}

}  // namespace shmetrics::internal
