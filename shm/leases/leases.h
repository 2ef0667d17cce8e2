#ifndef SHMETRICS_SHM_LEASES_LEASES_H_
#define SHMETRICS_SHM_LEASES_LEASES_H_

// Leases: each is one thing that a worker uses for a key. A lease ends when it is released, when its deadline
// passes or when its owner dies, whichever is first. Everybody who looks sees that at once. Cleaning up only
// gives the entry back.
//
// Admission is exact. It counts the leases of the key that are in the index, and takes out of the index only
// those that it has ended, by compare-and-swap. So a late renewal fails; it cannot bring back a lease whose
// place has been given away.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "shm/base/lock_wait.h"
#include "shm/leases/account.h"
#include "shm/leases/lease_index.h"
#include "shm/leases/owner_probe.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/series/directory.h"

namespace shmetrics::shm {

/// A lease as its owner knows it. The entry is this lease while it has this generation.
struct HeldLease {
  layout::LeaseEntry* entry;
  std::uint64_t generation;
};

class Leases {
 public:
  /// Both must outlive this.
  Leases(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena) {}

  /// From the key's class in the ledger to the limit of its live leases. The class is 0 if none was set, and
  /// always for a family of several labels, because the ledger's keys are single label values.
  using LimitOf = std::function<std::optional<std::uint32_t>(std::uint32_t key_class)>;
  /// A part of what the key may use in a day (ledger.h), which counts as used until the lease ends.
  struct Reserved {
    std::uint64_t amount = 0;
    AmountLimitOf limit_of;  ///< called while the shard is locked
    /// What was decided from: set after a success and after kLimitReached. After a success it includes this
    /// lease.
    Account account = {};
  };
  struct Terms {
    /// Of live leases of the key, this one included; none: any number.
    std::optional<std::uint32_t> limit = {};
    std::int64_t ttl_ns = 0;                          ///< 0: none
    std::int64_t max_wait_ns = LockWait::kDefaultNs;  ///< for the shard; 0: not at all
    /// If set, it gives the limit and `limit` is not read. It is called while the shard is locked.
    LimitOf limit_of = {};

    /// Of the ledger: in which the key's class and amounts are.
    std::string_view domain = {};
    /// If set, the lease also reserves an amount in the ledger. Only for a family of one label.
    Reserved* reserves = nullptr;

    std::optional<std::uint32_t> LimitFor(std::uint32_t key_class) const {
      return limit_of ? limit_of(key_class) : limit;
    }
  };
  /// Takes a lease for the owner of `slot`, which is this process. Errors: kLimitReached, also if the amount
  /// to reserve would pass its limit; kLeaseTableFull,
  /// kSegmentFull, kOutOfMemory, kInvalidLabels, kCorrupt, kNotOpenable and those of LeaseShard::Lock. All
  /// are counted in the segment, except kLimitReached and kNotOpenable.
  Result<HeldLease> Acquire(const RegisteredFamily& family, std::span<const std::string_view> values,
                            const Terms& terms, const layout::WorkerSlot* slot);

  /// The number of live leases of the key. Ends the entries of the key that it does not count. Errors as
  /// above.
  Result<std::uint64_t> CountLive(const RegisteredFamily& family, std::span<const std::string_view> values,
                                  std::int64_t max_wait_ns = LockWait::kDefaultNs);

  /// Moves the deadline to `ttl_ns` from now; with 0 it stays as it is. False if the lease has ended. A lease
  /// whose deadline has passed ends here. Lock-free.
  static bool Renew(const HeldLease& lease, std::int64_t ttl_ns);

  /// Ends the lease. False if it had ended already. Lock-free. Gives the entry back if nobody holds its shard
  /// just then.
  bool Release(const HeldLease& lease);

  /// True if nobody has released or ended the lease and its deadline has not passed.
  static bool IsLive(const HeldLease& lease);

 private:
  Result<void> Admit(LeaseIndex* index, std::uint64_t hash, const RegisteredFamily& family,
                     std::span<const std::string_view> values, std::uint32_t limit, OwnerProbe* probe) const;

  const Segment& segment_;
  Arena& arena_;
};

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASES_H_
