#ifndef SHMETRICS_CLIENT_LIB_BINDING_CONNECTION_H_
#define SHMETRICS_CLIENT_LIB_BINDING_CONNECTION_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "shm/leases/leases.h"
#include "shm/leases/ledger.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/series/directory.h"
#include "shm/workers/cpu_stripes.h"
#include "shm/workers/worker_slot.h"
#include "shmetrics/registry.h"

namespace shmetrics::internal {

/// One segment, as this process uses it. Never freed: handles point into its mapping.
struct Attachment {
  Attachment(std::shared_ptr<shm::Segment> the_segment, const std::string& worker_name)
      : segment(std::move(the_segment)),
        arena(*segment),
        directory(*segment, arena),
        cpu_stripes(shm::UsableCpuStripes(*segment)),
        slot(*segment, worker_name),
        leases(*segment, arena),
        ledger(*segment, arena) {}

  /// This process's slot, kept until DropLease() is called for it. kAbsent if this segment has been left; errors as
  /// WorkerSlot::Hold.
  Result<shm::layout::WorkerSlot*> HoldForLease();
  void DropLease() noexcept;
  /// Gives the slot back, now or with the last lease. For a segment that has been replaced, when its gauges have moved.
  void Leave() noexcept;

  /// Whether this process has lost its slot here (WorkerSlot::IsLost). What its gauges showed may be another's cells now,
  /// and is left to him: they show again from their next set.
  bool FindsSlotLost() noexcept;
  bool has_lost_slot() const noexcept { return has_lost_slot_; }

  /// The one whose segment this address lies in; null if there is none.
  static Attachment* Of(const void* record) noexcept;
  /// Lets Of() find this one. Once for each, when it has come into use.
  void Publish() noexcept;

  std::shared_ptr<shm::Segment> segment;
  shm::Arena arena;
  shm::Directory directory;
  const std::uint32_t cpu_stripes;  ///< that this process may add to
  shm::WorkerSlot slot;
  shm::Leases leases;
  shm::Ledger ledger;
  Attachment* next_left = nullptr;  ///< in Connection's list of those left; set before it is published
  Attachment* next = nullptr;       ///< in the list of all in this process; set before it is published

 private:
  /// Counted up under ForkGuard::Lock, and down without: who releases a lease waits for nobody.
  std::atomic<std::uint64_t> held_leases_{0};
  std::uint64_t leases_generation_ =
      0;  ///< of the process that holds them. Writer: HoldForLease(), under the lock
  std::atomic<bool> is_left_{false};        ///< Writer: Leave()
  std::atomic<bool> has_lost_slot_{false};  ///< Writer: FindsSlotLost()
};

/// A process's connection to the segment of one name: attaches, and attaches to the next one when the file
/// has been replaced. Lock-free, so that a child made at any moment finds it usable.
class Connection {
 public:
  /// With `refused`, never attaches, and that is why.
  Connection(const RegistryOptions& options, std::optional<Error> refused);

  /// The segment in use, or null. One load: this is on the look-up path.
  Attachment* Current() const noexcept { return current_.load(std::memory_order_acquire); }

  /// Makes sure that the segment in use still has its name, else attaches to its successor, or makes one.
  /// What cannot be replaced is kept. Asks the file system at every call; a failed attempt is repeated after
  /// a second.
  Attachment* Refresh() noexcept;

  /// As Refresh, but asks at most ten times a second: for calls that may come often. Attaches to the same segment anew,
  /// too, when this process's slot in it is lost.
  Attachment* RefreshNowAndThen() noexcept;

  /// Attachments that have been replaced and not yet been taken from here: a list by next_left, or null. Their slots
  /// are still held, for the gauges that show there.
  Attachment* TakeLeft() noexcept { return left_.exchange(nullptr, std::memory_order_acq_rel); }

  const std::string& path() const { return path_; }
  /// Why there is no segment in use, or none that others could find; nothing if all is well.
  std::optional<Error> error() const;

 private:
  Attachment* Replace(Attachment* old) noexcept;
  void NoteFailure(const Error& error) noexcept;

  const RegistryOptions options_;
  const std::string path_;
  const bool may_attach_;
  std::atomic<Attachment*> current_{nullptr};
  std::atomic<Attachment*> left_{nullptr};
  std::atomic<const Error*> last_error_{nullptr};  ///< never freed; replaced at most once a second
  std::atomic<std::int64_t> retry_at_ns_{0};
  std::atomic<std::int64_t> check_at_ns_{0};
};

/// A clock that costs a few nanoseconds and steps a few milliseconds at a time.
std::int64_t CoarseNowNs() noexcept;

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_CONNECTION_H_
