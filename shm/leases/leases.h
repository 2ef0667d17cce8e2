#ifndef SHMETRICS_SHM_LEASES_LEASES_H_
#define SHMETRICS_SHM_LEASES_LEASES_H_

// Leases: things in use by a worker for a key. A lease ends when it is released, when its deadline passes, or when its
// owner dies, whichever is first, and whoever looks sees it so at once; nothing has to be cleaned up for that. Cleaning
// up only gives the entry back.
//
// Admission is exact because whoever admits first ends, by compare-and-swap, every entry of the key that it does not
// count: a renewal that comes late then fails, instead of bringing back a lease whose place has been given away.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "shm/leases/entry_table.h"
#include "shm/leases/owner_probe.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"
#include "shm/series/directory.h"

namespace shmetrics::shm {

/// A lease, as its owner knows it: the entry, while it has this generation.
struct HeldLease {
  layout::LeaseEntry* entry;
  std::uint64_t generation;
};

class Leases {
 public:
  /// Both must outlive this.
  Leases(const Segment& segment, Arena& arena) : segment_(segment), arena_(arena) {}

  /// From the key's class in the ledger to the limit of its live leases. The class is 0 if none was set, and always for
  /// a family of several labels, because the ledger's keys are single label values.
  using LimitOf = std::function<std::optional<std::uint32_t>(std::uint32_t key_class)>;
  struct Terms {
    /// Of live leases of the key, this one included; none: any number.
    std::optional<std::uint32_t> limit = {};
    std::int64_t ttl_ns = 0;  ///< 0: none
    /// If set, it gives the limit and `limit` is not read. It is called while the shard is locked.
    LimitOf limit_of = {};

    std::optional<std::uint32_t> LimitFor(std::uint32_t key_class) const {
      return limit_of ? limit_of(key_class) : limit;
    }
  };
  /// Takes a lease for the owner of `slot`, this process. kLimitReached, kBusy, kLeaseTableFull, kSegmentFull,
  /// kOutOfMemory, kInvalidLabels, kCorrupt and what LeaseShard::Lock says. Refusals but kLimitReached are counted.
  Result<HeldLease> Acquire(const RegisteredFamily& family, std::span<const std::string_view> values,
                            const Terms& terms, const layout::WorkerSlot* slot);

  /// How many leases of the key are live. Ends those of the key that are not. kBusy and the like as above.
  Result<std::uint64_t> CountLive(const RegisteredFamily& family, std::span<const std::string_view> values);

  /// Moves the deadline to `ttl_ns` from now; with 0, only asks. False if the lease has ended, or just now ends because
  /// its deadline has passed. Lock-free.
  static bool Renew(const HeldLease& lease, std::int64_t ttl_ns);

  /// Ends the lease: false if it had ended. Lock-free; gives the entry back if nobody holds its shard just then.
  bool Release(const HeldLease& lease);

  /// Whether the lease has neither been released nor ended by anybody nor passed its deadline.
  static bool IsLive(const HeldLease& lease);

 private:
  Result<void> Admit(EntryTable<layout::LeaseEntry>& table, std::uint64_t hash,
                     const RegisteredFamily& family, std::span<const std::string_view> values,
                     std::uint32_t limit, OwnerProbe* probe) const;

  const Segment& segment_;
  Arena& arena_;
};

/// Whether the entry is a lease no longer; ends it if it only has not been told. For the holder of its shard.
bool EndIfExpiredOrOrphaned(layout::LeaseEntry* entry, std::int64_t now, OwnerProbe* probe);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASES_H_
