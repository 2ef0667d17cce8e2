#include "shm/workers/slot_search.h"

#include <signal.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>

namespace shmetrics::shm {
namespace {

/// If one slot in six is a dead worker's, a claim that looks at 8 finds one three times out of four.
constexpr std::uint32_t kFewSlots = 8;
/// Some tenths of a millisecond. Only a process that finds no slot pays that, once a second.
constexpr std::uint32_t kManySlots = 1'024;

/// The slot at the cursor, which goes on to the next. It goes around in the slots that have been given out: a
/// number that only grew, modulo a count that grows too, could land on living workers for ever.
std::uint32_t StepCursor(std::atomic<std::uint32_t>* cursor, std::uint32_t given) {
  // no order needed: a hint. If another process steps at the same time, both may look at one slot.
  std::uint32_t slot = cursor->load(std::memory_order_relaxed);
  const std::uint32_t next = slot + 1 < given ? slot + 1 : 0;
  // no order needed: as above
  cursor->compare_exchange_strong(slot, next, std::memory_order_relaxed);
  return slot < given ? slot : 0;
}

}  // namespace

SlotSearch::SlotSearch(const Segment& segment, Reach reach)
    : segment_(segment), reach_(reach), slot_count_(segment.header().slot_count) {}

std::optional<std::uint32_t> SlotSearch::Next() {
  const Step end = reach_ == Reach::kAll ? Step::kEnds : Step::kTakesAny;
  while (step_ != end) {
    if (const std::optional<std::uint32_t> slot = NextOfStep()) return slot;
    step_ = static_cast<Step>(static_cast<int>(step_) + 1);
    looked_at_ = 0;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> SlotSearch::NextOfStep() {
  switch (step_) {
    case Step::kLooksAtFew:
      return LookAt(kFewSlots);
    case Step::kTakesNew:
      return TakeNew();
    case Step::kLooksAtMany:
      return LookAt(kManySlots);
    case Step::kTakesAny:
      return looked_at_ < slot_count_ ? std::optional(looked_at_++) : std::nullopt;
    case Step::kEnds:
      break;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> SlotSearch::LookAt(std::uint32_t count) {
  layout::MutableHeader& header = segment_.mutable_header();
  // no order needed: these words are hints
  const std::uint32_t given = std::min(header.slots_given.load(std::memory_order_relaxed), slot_count_);
  while (looked_at_ < std::min(count, given)) {
    looked_at_++;
    const std::uint32_t slot = StepCursor(&header.slot_cursor, given);
    if (LooksDead(slot)) return slot;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> SlotSearch::TakeNew() {
  std::atomic<std::uint32_t>& given = segment_.mutable_header().slots_given;
  // no order needed: as above. The first look keeps the number from running on when all are given out.
  if (given.load(std::memory_order_relaxed) >= slot_count_) return std::nullopt;
  const std::uint32_t slot = given.fetch_add(1, std::memory_order_relaxed);  // no order needed: as above
  return slot < slot_count_ ? std::optional(slot) : std::nullopt;
}

bool SlotSearch::LooksDead(std::uint32_t slot) const {
  // no order needed: for a guess
  const std::uint32_t pid = segment_.worker_slot(slot).pid.load(std::memory_order_relaxed);
  return pid == 0 || pid > INT32_MAX || (kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH);
}

}  // namespace shmetrics::shm
