#include "shm/leases/reserved_amount.h"

#include "shm/leases/entry_table.h"
#include "shm/leases/lease_clock.h"
#include "shm/series/label_block.h"

namespace shmetrics::shm {
namespace {

/// The sum of all three may be larger than any number.
bool Fits(std::uint64_t amount, std::uint64_t used, std::uint64_t reserved,
          std::optional<std::uint64_t> limit) {
  const std::uint64_t most = limit.value_or(UINT64_MAX);
  return used <= most && reserved <= most - used && amount <= most - used - reserved;
}

}  // namespace

Error CannotAskAboutReservations(const Segment& segment) {
  return Error{ErrorCode::kNotOpenable,
               "segment " + segment.path() +
                   " cannot be asked whether the owners of reservations are alive; ask again"};
}

const layout::LeaseEntry* ReservedAmount::First() {
  if (family_ == nullptr) return nullptr;
  return index_.Find(hash_, [this](const layout::LeaseEntry& entry) {
    return LoadLocked(entry.head.hash) == hash_ && LoadLocked(entry.family) == family_->ref &&
           LabelBlockEquals(KeyOf(entry), family_->label_names, {&key_, 1});
  });
}

std::uint64_t ReservedAmount::Known() { return LeaseIndex::ReservedBy(First()); }

std::uint64_t ReservedAmount::OfTheLiving(OwnerProbe* probe) {
  const layout::LeaseEntry* first = First();
  if (first == nullptr) return 0;
  index_.EndOrphaned(*first, LeaseNowNs(), probe);
  return Known();
}

Result<bool> ReservedAmount::LeavesRoomFor(std::uint64_t amount, std::uint64_t used,
                                           std::optional<std::uint64_t> limit, OwnerProbe* probe) {
  const std::uint64_t known = Known();
  bool fits = Fits(amount, used, known, limit);
  // An unlimited key that has used the largest number there is goes on: its sums stay at that number.
  if (!limit) fits = known <= UINT64_MAX - amount;
  if (!fits && known > 0) fits = Fits(amount, used, OfTheLiving(probe), limit);
  if (!index_.is_whole()) {
    return Error{ErrorCode::kCorrupt,
                 "segment " + segment_.path() + " is corrupt: the index of its leases makes no sense"};
  }
  if (!fits && known > 0 && probe->could_not_ask()) {
    return CannotAskAboutReservations(segment_);
  }
  return fits;
}

}  // namespace shmetrics::shm
