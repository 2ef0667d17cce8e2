#ifndef SHMETRICS_SHM_LEASES_OWNER_PROBE_H_
#define SHMETRICS_SHM_LEASES_OWNER_PROBE_H_

// Owner probe: tells whether the worker that a lease names is dead. It lives for one decision and remembers
// the kernel's answers, so it asks about each slot once. It does not ask at all if the slot's epoch says
// enough.

#include <cstdint>
#include <unordered_map>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

class OwnerProbe {
 public:
  enum class Asks : std::uint8_t {
    /// Only owners whose slot has gone to another worker are known to be dead.
    kNobody,
    /// So are owners who no longer hold their slot. The first question costs some microseconds.
    kTheKernel,
  };

  /// `own` is the slot of this process, about which nobody need be asked; null if it has none.
  OwnerProbe(const Segment& segment, Asks asks, const layout::WorkerSlot* own = nullptr)
      : segment_(segment), asks_(asks), own_(own) {}

  /// True if the worker that held `slot` in `epoch` is proved dead. If the kernel cannot be asked, nothing is
  /// proved. Does not throw: it is asked in the middle of changes to an index, under the shard's mutex.
  bool IsDead(std::uint32_t slot, std::uint64_t epoch) noexcept;

  /// True if the kernel could not be asked about some owner: there was no descriptor left, or it returned an
  /// error. A caller must not be told that a limit is reached only because of that, nor how many leases live.
  bool could_not_ask() const { return could_not_ask_; }

 private:
  bool HoldsSlot(std::uint32_t slot) noexcept;
  bool AskTheKernel(std::uint32_t slot) noexcept;

  const Segment& segment_;
  const Asks asks_;
  const layout::WorkerSlot* own_;
  bool could_not_ask_ = false;
  std::unordered_map<std::uint32_t, bool> answers_;  ///< by slot: true if somebody holds it
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_OWNER_PROBE_H_
