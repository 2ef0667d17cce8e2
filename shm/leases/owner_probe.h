#ifndef SHMETRICS_SHM_LEASES_OWNER_PROBE_H_
#define SHMETRICS_SHM_LEASES_OWNER_PROBE_H_

// Owner probe: whether the worker that a lease names is dead. One decision's memory of what the kernel has answered, so
// that nobody is asked for twice, and nobody at all where a look at the slot's epoch says enough.

#include <cstdint>
#include <optional>
#include <unordered_map>

#include "shm/base/unique_fd.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class OwnerProbe {
 public:
  enum class Asks : std::uint8_t {
    kNobody,     ///< only owners whose slot has gone to another are known to be dead
    kTheKernel,  ///< also those who hold their slot no longer; costs some microseconds at the first question
  };

  /// `own` is this process's slot, which needs no question; null if it has none.
  OwnerProbe(const Segment& segment, Asks asks, const layout::WorkerSlot* own = nullptr)
      : segment_(segment), asks_(asks), own_(own) {}

  /// Whether who held `slot` in `epoch` is proved dead. What cannot be found out proves nothing.
  bool IsDead(std::uint32_t slot, std::uint64_t epoch);

  /// Whether there was an owner whom the kernel could not be asked about: no descriptor is to be had, or the file has lost
  /// its name. Who is told that a limit is reached must not be told so for that.
  bool could_not_ask() const { return could_not_ask_; }

 private:
  bool HoldsSlot(std::uint32_t slot);

  const Segment& segment_;
  const Asks asks_;
  const layout::WorkerSlot* own_;
  bool could_not_ask_ = false;
  std::optional<UniqueFd> file_;                     ///< opened at the first question
  std::unordered_map<std::uint32_t, bool> answers_;  ///< by slot: whether somebody holds it
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_OWNER_PROBE_H_
