#include "client-lib/binding/connection.h"

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
#include "shm/segment/segment_options.h"
#include "shm/segment/segment_path.h"

namespace shmetrics::internal {
namespace {

constexpr std::int64_t kCheckAfterNs = 100'000'000;

/// The most replaced segments that one process keeps mapped. Handles point into them, so none is ever
/// unmapped.
constexpr std::uint32_t kMaxReplaced = 64;
/// How many there are. Writer: Replace(). A child keeps its parent's.
constinit std::atomic<std::uint32_t> replaced_count{0};

/// What an earlier registry saw counts for a later one: in between, the process may have changed its root.
std::optional<shm::PathView> FirstViewOf(const std::string& path) {
  const Attachment* attachment = Attachment::NewestTo(path);
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
  // Once the name is lost, the last attempt to follow says more.
  const Error* last = last_error_.load(std::memory_order_acquire);
  if (name == shm::Segment::Name::kLost && last != nullptr) return *last;
  if (attachment != nullptr) return attachment->WhyNothingBinds(name);
  return Error{ErrorCode::kAbsent, "no segment has been asked for yet"};
}

bool Connection::DecidesPrivately() const noexcept {
  if (!may_attach_ || !options_.private_decisions.value_or(false)) return false;
  // Another registry of this process, or of a parent, may have had it.
  return Attachment::NewestTo(path_) == nullptr;
}

Error Connection::NothingDecided() const {
  const std::optional<Error> why = error();
  if (why) return Error{ErrorCode::kAbsent, "nothing was decided: " + why->message};
  return shm::OutOfMemory();
}

}  // namespace shmetrics::internal
