#ifndef SHMETRICS_SHM_LEASES_RESERVED_AMOUNT_H_
#define SHMETRICS_SHM_LEASES_RESERVED_AMOUNT_H_

// Reserved amount: what the leases of a key hold back in the ledger until their work is done. A lease ends
// with its worker, so the dead hold back nothing. The index knows the sum, so it costs the same for one lease
// and for ten thousand.

#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/leases/lease_index.h"
#include "shm/leases/owner_probe.h"
#include "shm/result.h"
#include "shm/segment/segment.h"
#include "shm/series/directory.h"

namespace shmetrics::shm {

/// The error for what depends on that question.
Error CannotAskAboutReservations(const Segment& segment);

/// The reserved amount of one key, while its shard is locked.
class ReservedAmount {
 public:
  /// `family` is that of the leases, whose only label has the value `key`; null: nothing is reserved.
  /// Everything must outlive this.
  ReservedAmount(const Segment& segment, LeaseIndex* index, std::uint64_t hash,
                 const RegisteredFamily* family, std::string_view key)
      : segment_(segment), index_(*index), hash_(hash), family_(family), key_(key) {}

  /// The sum as it was last known. Those of owners who have just died may be in it.
  std::uint64_t Known();
  /// The sum without those of the dead, whose leases it ends. Asks the kernel if there are any leases.
  std::uint64_t OfTheLiving(OwnerProbe* probe);

  /// True if `amount` more stays within the limit, besides `used` and what is reserved; none: any amount.
  /// What the dead reserve refuses nobody. Errors: kNotOpenable if only the kernel could say whether they are
  /// dead and cannot be asked, kCorrupt.
  Result<bool> LeavesRoomFor(std::uint64_t amount, std::uint64_t used, std::optional<std::uint64_t> limit,
                             OwnerProbe* probe);

 private:
  const layout::LeaseEntry* First();

  const Segment& segment_;
  LeaseIndex& index_;
  const std::uint64_t hash_;
  const RegisteredFamily* const family_;
  const std::string_view key_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_RESERVED_AMOUNT_H_
