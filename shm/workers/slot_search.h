#ifndef SHMETRICS_SHM_WORKERS_SLOT_SEARCH_H_
#define SHMETRICS_SHM_WORKERS_SLOT_SEARCH_H_

// Slot search: which slots are worth a try for a process that wants one. These are guesses. Only the kernel's locks
// decide (worker_slot.h), but each question to the kernel costs as much as there are locks. So the search looks at
// the owner's process id first. It names, in this order:
//   1 slots of dead workers, among a few that it looks at where the last search ended
//   2 a slot that was never given out
//   3 if there is none: slots of dead workers, among many
//   4 every slot, because a process id may have gone to another process, or may be of another namespace
// So a claim costs the same however many workers there are, and at most about half of the slots given out are
// of dead workers.

#include <cstdint>
#include <optional>

#include "shm/segment/segment.h"

namespace shmetrics::shm {

class SlotSearch {
 public:
  /// How far the search goes. kSeeminglyFree ends before 4: its cost does not grow with the number of slots.
  enum class Reach : std::uint8_t { kSeeminglyFree, kAll };

  SlotSearch(const Segment& segment, Reach reach);

  /// The next slot to try; nothing if there is none any more.
  std::optional<std::uint32_t> Next();

 private:
  enum class Step : std::uint8_t { kLooksAtFew, kTakesNew, kLooksAtMany, kTakesAny, kEnds };

  std::optional<std::uint32_t> NextOfStep();
  std::optional<std::uint32_t> LookAt(std::uint32_t count);
  std::optional<std::uint32_t> TakeNew();
  bool LooksDead(std::uint32_t slot) const;

  const Segment& segment_;
  const Reach reach_;
  const std::uint32_t slot_count_;
  Step step_ = Step::kLooksAtFew;
  std::uint32_t looked_at_ = 0;  ///< in this step
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_WORKERS_SLOT_SEARCH_H_
