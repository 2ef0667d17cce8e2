#ifndef SHMETRICS_CLIENT_LIB_BINDING_CONNECTION_H_
#define SHMETRICS_CLIENT_LIB_BINDING_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "client-lib/binding/attachment.h"
#include "shm/base/out_of_memory.h"
#include "shm/base/path_view.h"
#include "shmetrics/registry.h"

namespace shmetrics::internal {

/// How long after a failure it is tried again, and after a replacement: somebody may remove every file that
/// appears.
inline constexpr std::int64_t kRetryAfterNs = 1'000'000'000;

/// A process's connection to the segment of one name. When the file is replaced, it attaches to the new one.
/// Lock-free, so that a child forked at any moment finds it usable.
class Connection {
 public:
  /// `options` are those of ReadRegistryOptions(). If `refused` is set, the connection never attaches, for
  /// that reason.
  Connection(const RegistryOptions& options, std::optional<Error> refused);

  /// The segment in use, or null. One load: this is on the look-up path.
  Attachment* Current() const noexcept { return current_.load(std::memory_order_acquire); }

  /// Checks that the segment in use still has its name; otherwise attaches to its successor, or makes one. If
  /// that fails, or if nothing can be found out, the old segment stays in use for what only counts; decisions
  /// are then refused (Attachment::CheckBinds). Every call asks the file system; a failed attempt is repeated
  /// after a second. In a jail, where the path means something else, nothing is attached to or made. The old
  /// segment also stays in use for the first second after it took the place of
  /// another, and for good if this process has left 64 segments. The next segment counts that as
  /// kNotFollowed.
  Attachment* Refresh() noexcept;

  /// Like Refresh, but asks at most ten times a second, for frequent calls. If this process has lost its slot
  /// in the segment, it also attaches to the same segment again.
  Attachment* RefreshNowAndThen() noexcept;

  /// Like RefreshNowAndThen, for a decision: if the segment has been given up since the last look, or removed
  /// before the last tick of the kernel's clock, it looks again. (A decision of a moment before the removal is
  /// as lost as one of a moment after it.) Costs one short system call for each tick, of 1 to 10 ms.
  Attachment* RefreshToDecide() noexcept;

  bool HasReplaced() const noexcept { return replaced_.load(std::memory_order_acquire) != nullptr; }
  /// Takes the replaced attachments that have not been taken yet: a list linked by next_replaced, or null.
  /// Their slots are still held, for the gauges that show there.
  Attachment* TakeReplaced() noexcept { return replaced_.exchange(nullptr, std::memory_order_acq_rel); }

  const std::string& path() const { return path_; }
  /// True if limits may be decided within this process: its options ask for that, and neither it nor a
  /// process that it descends from has ever had this segment.
  bool DecidesPrivately() const noexcept;
  /// Says that nothing was decided, and why. kOutOfMemory if there is a segment: then there was no memory for
  /// a registration in it.
  Error NothingDecided() const;
  /// Why no segment is in use, or why others cannot find the one in use; nothing if all is well.
  std::optional<Error> error() const;

 private:
  bool MayFollowPath(const Attachment* old) const noexcept;
  Attachment* Replace(Attachment* old) noexcept;
  /// The same as Replace(), but throws std::bad_alloc.
  Attachment* AttachInsteadOf(Attachment* old);
  /// The part of RefreshNowAndThen() that makes system calls.
  Attachment* CheckAt(std::int64_t now_ns) noexcept;
  void NoteTooManyReplaced();
  void NoteFailure(const Error& error) noexcept;

  const RegistryOptions options_;
  const std::string path_;
  const bool may_attach_;
  /// What this process saw when it opened the registry, or when it first had the segment.
  const std::optional<shm::PathView> view_;
  std::atomic<Attachment*> current_{nullptr};
  std::atomic<Attachment*> replaced_{nullptr};
  const Error no_memory_ = shm::OutOfMemory();     ///< stands for an error that there is no memory for
  std::atomic<const Error*> last_error_{nullptr};  ///< never freed; replaced at most once a second
  std::atomic<std::int64_t> retry_at_ns_{0};
  std::atomic<std::int64_t> check_at_ns_{0};
  /// When a decision last asked whether the file has a name. Writer: any thread.
  std::atomic<std::int64_t> asked_at_ns_{0};
  /// Whether the segment in use has lost its name and was not left at once. Writer: any thread.
  std::atomic<bool> is_late_{false};
};

/// A clock that costs a few nanoseconds and steps a few milliseconds at a time.
std::int64_t CoarseNowNs() noexcept;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_CONNECTION_H_
