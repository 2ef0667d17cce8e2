#ifndef SHMETRICS_SHM_LEASES_LEASE_SHARD_H_
#define SHMETRICS_SHM_LEASES_LEASE_SHARD_H_

// Lease shard: one part of the leases and of the ledger. While an object lives, the shard is locked and its
// index is whole. All keys with one hash are in one shard, so a decision about a key's leases and its ledger
// entry takes one mutex.

#include <cstdint>
#include <optional>
#include <string_view>

#include "shm/base/lock_wait.h"
#include "shm/base/robust_mutex.h"
#include "shm/leases/entry_table.h"
#include "shm/leases/lease_index.h"
#include "shm/leases/lease_state.h"
#include "shm/leases/namespace_lock.h"
#include "shm/result.h"
#include "shm/segment/arena.h"
#include "shm/segment/segment.h"

namespace shmetrics::shm {

class LeaseShard {
 public:
  /// Locks the shard of the keys with this hash, for as long as the returned object lives. If the last holder
  /// died, the shard is repaired first. Errors, which are all counted in the segment: kBusy after a wait of
  /// `max_wait_ns`, or sooner if the holder is stuck (base/lock_wait); kUnrecoverable, kUnknown if this
  /// process's namespaces cannot be found out, and those of NamespaceLock. Not async-signal-safe.
  static Result<LeaseShard> Lock(const Segment& segment, std::uint64_t hash,
                                 std::int64_t max_wait_ns = LockWait::kDefaultNs);
  /// Locks the shard only if that needs no wait and no lock file.
  static std::optional<LeaseShard> TryLock(const Segment& segment, std::uint64_t hash);

  ~LeaseShard();
  LeaseShard(LeaseShard&& other) noexcept;
  LeaseShard(const LeaseShard&) = delete;
  LeaseShard& operator=(const LeaseShard&) = delete;
  LeaseShard& operator=(LeaseShard&&) = delete;

  /// Takes the entry of a lease that has just ended out of its shard. If that needs no wait, at once;
  /// otherwise the next holder of the shard does. `hash` is of its key. Lock-free.
  static void TakeOut(const Segment& segment, std::uint64_t hash, layout::LeaseEntry* entry);

  LeaseIndex index() const;
  EntryTable<layout::LeaseEntry> leases() const;
  EntryTable<layout::LedgerEntry> ledger() const;
  /// The ledger entry of the key with this hash; null if there is none. kCorrupt, which is counted.
  Result<layout::LedgerEntry*> FindLedgerEntry(std::uint64_t hash, std::string_view key) const;

  /// Adds free entries if the segment stays within its limit, or this shard within its even share of the
  /// limit. So there may be twice as many entries as the limit says. Several shards may add the last ones at
  /// the same time: the limit only bounds memory, and an exact count would be a word that a death could leave
  /// wrong. Errors: kLeaseTableFull, kLedgerFull, kSegmentFull, kOutOfMemory.
  Result<void> GrowLeases(Arena& arena) const;
  Result<void> GrowLedger(Arena& arena) const;

 private:
  LeaseShard(const Segment& segment, std::uint32_t number, std::optional<NamespaceLock> namespace_lock);
  RobustMutex mutex() const;
  std::uint64_t EntriesOfAllShards(layout::EntryTable layout::LeaseShard::*table) const;
  void Enter(RobustMutex::Outcome outcome) const;
  void Repair() const;

  const Segment* segment_;  ///< null when moved from
  std::uint32_t number_;
  std::optional<NamespaceLock> namespace_lock_;  ///< released after the mutex
};

/// True if an entry is in use. A repair looks at nothing else.
bool IsInUse(const layout::LedgerEntry& entry);

}  // namespace shmetrics::shm

#endif  // SHMETRICS_SHM_LEASES_LEASE_SHARD_H_
