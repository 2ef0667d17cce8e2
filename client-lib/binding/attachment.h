#ifndef SHMETRICS_CLIENT_LIB_BINDING_ATTACHMENT_H_
#define SHMETRICS_CLIENT_LIB_BINDING_ATTACHMENT_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "shm/leases/leases.h"
#include "shm/leases/ledger.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/series/directory.h"
#include "shm/workers/cpu_stripes.h"
#include "shm/workers/gauge_row.h"
#include "shm/workers/worker_slot.h"

namespace shmetrics::internal {

/// What an error says of a process in a jail.
inline constexpr const char* kOtherView =
    "the root folder or the mounts of this process are others than when it opened the registry, so a file at "
    "that path would not be the host's; mount the segment's folder there, or restart the process";

/// One segment as this process uses it. Never freed: handles point into its mapping.
struct Attachment {
  Attachment(std::shared_ptr<shm::Segment> the_segment, const std::string& worker_name)
      : segment(std::move(the_segment)),
        arena(*segment),
        directory(*segment, arena),
        cpu_stripes(shm::UsableCpuStripes(*segment)),
        slot(*segment, worker_name),
        gauges(*segment, arena),
        leases(*segment, arena),
        ledger(*segment, arena) {}

  /// Succeeds if a decision made in this segment binds everybody: this process has not left it, and it has
  /// its name. Else kAbsent, which is counted in the segment: nothing may be decided here.
  Result<void> CheckBinds() const;
  /// Why nothing may be decided in the segment if its name is found like this; nothing if that is no reason.
  std::optional<Error> WhyNothingBinds(shm::Segment::Name name) const;
  /// The same as CheckBinds() without a reason. Does not allocate.
  bool Binds() const noexcept {
    // no order needed: the answer of a moment ago
    return !has_left_ && name_.load(std::memory_order_relaxed) == shm::Segment::Name::kKept &&
           !segment->IsSuperseded();
  }
  /// Notes whether the segment has its name. Called by Connection each time it looks.
  void NoteName(shm::Segment::Name name) noexcept;

  /// Returns this process's slot and keeps it until DropLease(). Errors, all counted in the segment:
  /// those of CheckBinds() and of WorkerSlot::Hold().
  Result<shm::layout::WorkerSlot*> HoldForLease();
  void DropLease() noexcept;
  /// Gives the slot back: now, or with the last lease. For a replaced segment, once its gauges have moved.
  void Leave() noexcept;

  /// True if this process has lost its slot here (WorkerSlot::IsLost). Its gauges' old cells may belong to
  /// another process now, so they are not touched: the gauges show again from their next set.
  bool FindsSlotLost() noexcept;
  bool has_lost_slot() const noexcept { return has_lost_slot_; }

  /// The attachment whose segment contains this address; null if there is none.
  static Attachment* Of(const void* record) noexcept;
  /// The newest attachment of this process, or of one that it descends from, to a segment of this path; null if
  /// there was none.
  static const Attachment* NewestTo(const std::string& path) noexcept;
  /// Makes fork() prepare each child for the attachments of its parent; false if there is no memory for that.
  /// Called before Publish(), and after a segment was opened: a child needs the handlers of ForkGuard before
  /// this one.
  static bool PreparesChildren() noexcept;
  /// Says in every segment of this process that it ends by itself. Async-signal-safe; takes no lock.
  static void SayEnd() noexcept;

  /// Lets Of() find this attachment, and opens the segment's file for the slot, in this process and in each
  /// child. Called once for each, when it comes into use.
  void Publish() noexcept;

  std::shared_ptr<shm::Segment> segment;
  shm::Arena arena;
  shm::Directory directory;
  const std::uint32_t cpu_stripes;  ///< the stripes that this process may add to
  shm::WorkerSlot slot;
  shm::GaugeRow gauges;
  shm::Leases leases;
  shm::Ledger ledger;
  /// The next in Connection's list of replaced attachments. Set before it is published.
  Attachment* next_replaced = nullptr;
  /// The next in the list of all attachments of this process. Set before it is published.
  Attachment* next = nullptr;

 private:
  /// Incremented under ForkGuard::Lock, decremented without it: releasing a lease must never wait.
  std::atomic<std::uint64_t> held_leases_{0};
  /// Where the segment counts them too, so that others see what a dead worker held. Writer: HoldForLease().
  std::atomic<shm::layout::Tenure*> tenure_{nullptr};
  /// The generation of the process that holds them. Writer: HoldForLease(), under the lock.
  std::uint64_t leases_generation_ = 0;
  std::atomic<bool> has_left_{false};                                ///< Writer: Leave()
  std::atomic<bool> has_lost_slot_{false};                           ///< Writer: FindsSlotLost()
  std::atomic<shm::Segment::Name> name_{shm::Segment::Name::kKept};  ///< Writer: NoteName()
};

}  // namespace shmetrics::internal

#endif  // SHMETRICS_CLIENT_LIB_BINDING_ATTACHMENT_H_
